// SPDX-License-Identifier: MIT
// Types of the compute core: one tile of a job as the tiler hands it to the engines, one operation as the sequencer
// hands it to the arrays, one item of the output stage. yosys reads no package inside a package, so the widths here
// are upper bounds for all configurations: 1 MiB of activations and 4,096 accumulator pixels in a half.
package lxa_core_pkg;
  localparam int unsigned TILES = 4;   // tiles between tiler and drain, a power of two
  localparam int unsigned TW = 2;      // log2 of it
  localparam int unsigned AM = 20;     // byte address in an activation half
  localparam int unsigned PM = 12;     // pixel in an accumulator half

  // State of the array in one cycle, as lxa_top counts it.
  localparam logic [2:0] ST_NOJOB = 3'd0;
  localparam logic [2:0] ST_BUSY = 3'd1;
  localparam logic [2:0] ST_WGT = 3'd2;
  localparam logic [2:0] ST_ACT = 3'd3;
  localparam logic [2:0] ST_OUT = 3'd4;
  localparam logic [2:0] ST_PIPE = 3'd5;

  typedef struct packed {
    // residual operand; first pixel of the tile in it
    logic [63:0] res_addr;
    logic [63:0] res_base;
    logic [31:0] res_size;
    logic [31:0] res_row;
    logic [15:0] res_px;         // 8-byte units
    logic signed [15:0] res_mult;
    logic [5:0] res_shift;
    logic [2:0] res_fmt;
    logic res_s;
    logic [1:0] res_mode;
    // the job
    logic [7:0] job;             // number of the job, modulo 256
    logic first;                 // first tile of the job
    logic last;                  // last tile of the job
    logic barrier;
    logic lane;
    logic dual;
    logic halve;
    logic [2:0] act_fmt;
    logic [2:0] wgt_fmt;
    logic act_s;
    logic wgt_s;
    logic pack;                  // packed pixels
    logic [1:0] pad_mode;
    logic [2:0] passes;
    logic [2:0] planes;          // of the activations: runs over the pixels in a step
    logic a_sign;                // the last plane, the last pass counts negative
    logic w_sign;
    logic [15:0] ocb;
    logic [15:0] icb;
    logic [15:0] icb_total;
    logic [15:0] grp_ocb;
    logic [15:0] grp_icb;
    logic [15:0] mac_ic;
    logic [7:0] ic_tail;
    logic [7:0] oc_tail;
    logic [3:0] kh;
    logic [3:0] kw;              // 1 with packed pixels: a kernel row is one run
    logic [4:0] dy;
    logic [4:0] dx;
    logic [2:0] sy;
    logic [2:0] sx;
    logic [2:0] kind;
    logic [2:0] out_fmt;
    logic log_s;
    logic log_round;
    logic [3:0] nthr;
    logic [7:0] log_max;
    logic signed [7:0] log_off;
    logic signed [31:0] clamp_lo;
    logic signed [31:0] clamp_hi;
    logic [3:0] pool_h;
    logic [3:0] pool_w;
    logic [3:0] pool_sy;
    logic [3:0] pool_sx;
    logic [63:0] act_base;
    logic [31:0] act_size;
    logic [63:0] wgt_base;
    logic [31:0] wgt_size;
    logic [63:0] par_base;
    logic [31:0] par_size;
    logic [63:0] out_base;
    logic [31:0] out_size;
    logic [31:0] in_row;
    logic [31:0] out_row;
    logic [15:0] out_px;         // 8-byte units
    logic [15:0] act_pitch;      // words
    logic [31:0] wgt_words;      // words of all weights
    // byte steps in the activation scratchpad, modulo the half
    logic [AM-1:0] a_sx;         // next column of the convolution
    logic [AM-1:0] a_sy;
    logic [AM-1:0] a_dx;         // next kernel column
    logic [AM-1:0] a_dy;
    // the tile
    logic [AM-1:0] a_start;      // address of tap (0, 0) of the first pixel (may lie outside: then it is padding)
    logic signed [19:0] iy;      // its row and column, relative to the region that was loaded
    logic signed [19:0] ix;
    logic [15:0] ylim;           // rows and columns from the region's start to the image's end
    logic [15:0] xlim;
    logic [PM:0] ch;             // convolution pixels
    logic [PM:0] cw;
    logic [63:0] act_addr;       // first word of the region
    logic [15:0] act_rows;
    logic [15:0] act_words;      // words of one row
    logic [63:0] out_addr;       // first output pixel
    logic [15:0] th;             // output pixels
    logic [15:0] tw;
    logic signed [19:0] wy;      // first pool window, relative to the first convolution pixel
    logic signed [19:0] wx;
  } tile_t;

  typedef struct packed {
    logic valid;
    logic lane;
    logic [2:0] fmt;
    logic act_s;
    logic in_img;                // the tap lies in the image
    logic [1:0] pad_mode;
    logic pack;
    logic [7:0] n;               // valid channels (XNOR lanes, packed pixels)
    logic linear;                // XNOR lanes: bit planes; else all of the following four are 0
    logic wbits;                 // weights are a plane of 0 and 1
    logic [1:0] plane;           // plane of the activations
    logic [2:0] sh;              // what the planes are worth: 2^sh, negative
    logic neg;
    logic first;                 // write the accumulator instead of adding
    logic swap;                  // first pixel of a step: take the new weights
    logic last;                  // last operation of a block
    logic half;                  // accumulator half and pixel
    logic [PM-1:0] pix;
    logic [7:0] off;             // byte offset of the block in the word
  } op_t;

  // One step of the output stage: a parameter row of a group of channels at one position of the pool window.
  typedef struct packed {
    logic valid;
    logic [2:0] row;             // parameter row
    logic row_last;
    logic win_first;             // first, last position of the window
    logic win_last;
    logic px_last;               // last group of the pixel in this block
    logic [7:0] lanes;           // channels below OC; the rest writes 0
    logic [63:0] addr;           // of the group's first byte
  } item_t;
endpackage
