// Parameters of the `base` configuration: 256 shift MACs and 4,096 XNOR MACs a cycle.
package lxa_cfg_pkg;
  localparam int unsigned SHIFT_OC = 16;        // output-channel lanes of the shift array
  localparam int unsigned SHIFT_IC = 16;        // input-channel lanes of the shift array
  localparam int unsigned XNOR_OC = 64;         // output-channel lanes of the XNOR array
  localparam int unsigned XNOR_IC = 64;         // input-channel bits of the XNOR array
  localparam int unsigned OUT_LANES = 8;        // channels requantized a cycle
  localparam int unsigned BUS_W = 128;          // AXI data width, bits
  localparam int unsigned WORD_W = 128;         // scratchpad word, bits: >= BUS_W, >= 8 * SHIFT_IC, >= XNOR_IC
  localparam int unsigned ACT_BYTES = 32768;    // one half of the activation scratchpad
  localparam int unsigned ACC_PIXELS = 256;     // pixels in one half of the accumulator scratchpad
  localparam int unsigned WGT_BYTES = 16384;    // weight buffer
  localparam int unsigned RD_OUTSTANDING = 32;  // read bursts in flight
  localparam int unsigned RING_LOG2_MAX = 10;   // descriptors in the ring, log2
endpackage
