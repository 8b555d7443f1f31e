// SPDX-License-Identifier: MIT
// Parameters of the `small` configuration: 64 shift MACs and 1,024 XNOR MACs a cycle, narrow sums and bus, small buffers,
// and some modes left out.
package lxa_cfg_pkg;
  localparam int unsigned SHIFT_OC = 8;         // output-channel lanes of the shift array
  localparam int unsigned SHIFT_IC = 8;         // input-channel lanes of the shift array
  localparam int unsigned XNOR_OC = 16;         // output-channel lanes of the XNOR array
  localparam int unsigned XNOR_IC = 64;         // input-channel bits of the XNOR array: 64
  localparam int unsigned OUT_LANES = 8;        // channels requantized a cycle, >= 8
  localparam int unsigned BUS_W = 64;           // AXI data width, bits
  localparam int unsigned WORD_W = 64;          // scratchpad word, bits: >= BUS_W, >= 8 * SHIFT_IC, >= XNOR_IC
  localparam int unsigned ACT_BYTES = 8192;     // one half of the activation scratchpad
  localparam int unsigned ACC_PIXELS = 64;      // pixels in one half of the accumulator scratchpad
  localparam int unsigned WGT_BYTES = 4096;     // weight buffer
  localparam int unsigned RD_OUTSTANDING = 8;   // read bursts in flight
  localparam int unsigned RING_LOG2_MAX = 6;    // descriptors in the ring, log2
  localparam int unsigned HALF_W = 24;          // even and odd sum of a shift accumulator, bits each, 24..32
  localparam int unsigned XACC_W = 20;          // XNOR accumulator, bits, 16..32
  // what it can do: 1 yes, 0 left out
  localparam int unsigned HAS_SQRT2 = 1;        // base sqrt(2)
  localparam int unsigned HAS_ACT_INT = 1;      // 8-bit integer activations on the shift lanes
  localparam int unsigned HAS_WGT_INT = 0;      // 8-bit integer weights
  localparam int unsigned HAS_POOL = 1;         // max-pool
  localparam int unsigned HAS_PLANES = 0;       // bit planes on the XNOR lanes: 2 * WORD_W >= 4 * XNOR_IC
  localparam int unsigned HAS_PACK = 1;         // packed pixels
  localparam int unsigned HAS_RES = 1;          // residual operand and kind raw
endpackage
