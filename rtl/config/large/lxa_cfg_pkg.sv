// SPDX-License-Identifier: MIT
// Parameters of the `large` configuration: 1,024 shift MACs and 8,192 XNOR MACs a cycle.
package lxa_cfg_pkg;
  localparam int unsigned SHIFT_OC = 32;        // output-channel lanes of the shift array
  localparam int unsigned SHIFT_IC = 32;        // input-channel lanes of the shift array
  localparam int unsigned XNOR_OC = 128;        // output-channel lanes of the XNOR array
  localparam int unsigned XNOR_IC = 64;         // input-channel bits of the XNOR array: 64
  localparam int unsigned OUT_LANES = 16;       // channels requantized a cycle, >= 8
  localparam int unsigned BUS_W = 256;          // AXI data width, bits
  localparam int unsigned WORD_W = 256;         // scratchpad word, bits: >= BUS_W, >= 8 * SHIFT_IC, >= XNOR_IC
  localparam int unsigned ACT_BYTES = 131072;   // one half of the activation scratchpad
  localparam int unsigned ACC_PIXELS = 512;     // pixels in one half of the accumulator scratchpad
  localparam int unsigned WGT_BYTES = 65536;    // weight buffer
  localparam int unsigned RD_OUTSTANDING = 64;  // read bursts in flight
  localparam int unsigned RING_LOG2_MAX = 10;   // descriptors in the ring, log2
  localparam int unsigned HALF_W = 32;          // even and odd sum of a shift accumulator, bits each, 24..32
  localparam int unsigned XACC_W = 32;          // XNOR accumulator, bits, 16..32
  // what it can do: 1 yes, 0 left out
  localparam int unsigned HAS_SQRT2 = 1;        // base sqrt(2)
  localparam int unsigned HAS_ACT_INT = 1;      // 8-bit integer activations on the shift lanes
  localparam int unsigned HAS_WGT_INT = 1;      // 8-bit integer weights
  localparam int unsigned HAS_POOL = 1;         // max-pool
  localparam int unsigned HAS_PLANES = 1;       // bit planes on the XNOR lanes: 2 * WORD_W >= 4 * XNOR_IC
  localparam int unsigned HAS_PACK = 1;         // packed pixels
  localparam int unsigned HAS_RES = 1;          // residual operand and kind raw
endpackage
