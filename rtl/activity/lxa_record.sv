// SPDX-License-Identifier: MIT
// For `make activity` only: writes what the arrays are given into shift.trace and xnor.trace of the current directory, a line of
// hexadecimal words each (trace.c reads them):
//   l INT SQRT2 INDEX WORD                                     a word of shadow weights
//   o SWAP FIRST ACC IN_IMAGE NIBBLES INT SIGNED SQRT2 NIBS BYTES    an operation of the shift array
//   o SWAP FIRST ACC A MASK N SH NEG                           an operation of the XNOR array
`ifdef VERILATOR
module lxa_record_shift (
  input logic                               clk_i,
  input logic                               rst_ni,
  input logic                               ld_valid_i,
  input logic                               ld_int_i,
  input logic                               ld_s_i,
  input logic [31:0]                        ld_idx_i,
  input logic [lxa_cfg_pkg::WORD_W-1:0]     ld_word_i,
  input logic                               valid_i,
  input logic                               swap_i,
  input logic                               first_i,
  input logic [31:0]                        acc_i,
  input logic                               in_img_i,
  input logic                               nib_i,
  input logic                               int_i,
  input logic                               signed_i,
  input logic                               act_s_i,
  input logic [lxa_cfg_pkg::SHIFT_IC*4-1:0] nibs_i,
  input logic [lxa_cfg_pkg::SHIFT_IC*8-1:0] bytes_i
);
  int fd;
  initial fd = $fopen("shift.trace", "w");
  always_ff @(posedge clk_i) begin
    if (rst_ni && valid_i)     // before the word: a swap takes the shadow weights as they were
      $fdisplay(fd, "o %h %h %h %h %h %h %h %h %h %h", swap_i, first_i, acc_i, in_img_i, nib_i, int_i, signed_i, act_s_i, nibs_i, bytes_i);
    if (rst_ni && ld_valid_i) $fdisplay(fd, "l %h %h %h %h", ld_int_i, ld_s_i, ld_idx_i, ld_word_i);
  end
  final $fclose(fd);
endmodule

module lxa_record_xnor (
  input logic                             clk_i,
  input logic                             rst_ni,
  input logic                             ld_valid_i,
  input logic [31:0]                      ld_idx_i,
  input logic [lxa_cfg_pkg::WORD_W-1:0]   ld_word_i,
  input logic                             valid_i,
  input logic                             swap_i,
  input logic                             first_i,
  input logic [31:0]                      acc_i,
  input logic [lxa_cfg_pkg::XNOR_IC-1:0]  a_i,
  input logic [lxa_cfg_pkg::XNOR_IC-1:0]  mask_i,
  input logic [31:0]                      n_i,
  input logic [2:0]                       sh_i,
  input logic                             neg_i
);
  int fd;
  initial fd = $fopen("xnor.trace", "w");
  always_ff @(posedge clk_i) begin
    if (rst_ni && valid_i) $fdisplay(fd, "o %h %h %h %h %h %h %h %h", swap_i, first_i, acc_i, a_i, mask_i, n_i, sh_i, neg_i);
    if (rst_ni && ld_valid_i) $fdisplay(fd, "l 0 0 %h %h", ld_idx_i, ld_word_i);
  end
  final $fclose(fd);
endmodule

bind lxa_shift_fast lxa_record_shift u_record (
  .clk_i, .rst_ni, .ld_valid_i, .ld_int_i, .ld_s_i, .ld_idx_i(32'(ld_idx_i)), .ld_word_i, .valid_i, .swap_i, .first_i,
  .acc_i(32'(acc_i)), .in_img_i, .nib_i, .int_i, .signed_i, .act_s_i, .nibs_i, .bytes_i
);
bind lxa_xnor_fast lxa_record_xnor u_record (
  .clk_i, .rst_ni, .ld_valid_i, .ld_idx_i(32'(ld_idx_i)), .ld_word_i, .valid_i, .swap_i, .first_i,
  .acc_i(32'(acc_i)), .a_i, .mask_i, .n_i, .sh_i, .neg_i
);
`endif
