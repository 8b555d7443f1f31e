// SPDX-License-Identifier: MIT
// One multiplier-free lane of the shift array, as it is synthesized: (+-1 | weight | +-activation) shifted by the sum
// of the exponents; an odd exponent (half octave) goes to the upper half of the slot. rtl/README.md, section 2.
module lxa_shift_lane (
  input  logic        a_int_i,     // activation is an integer
  input  logic        a_zero_i,
  input  logic [4:0]  a_e2_i,      // exponent in half octaves
  input  logic [8:0]  a_val_i,     // integer, sign-extended
  input  logic        w_int_i,     // weight is an integer
  input  logic        w_s_i,
  input  logic [7:0]  w_i,
  output logic [2*lxa_cfg_pkg::HALF_W-1:0] product_o
);
  localparam int unsigned SW = 2 * lxa_cfg_pkg::HALF_W;
  logic [4:0] wm;
  logic [4:0] we2;
  logic [5:0] e2;
  logic zero;
  logic signed [9:0] mag;

  assign wm = w_i[4:0] - 5'd1;
  assign we2 = w_s_i ? wm : {wm[3:0], 1'b0};
  assign e2 = (a_int_i ? 6'd0 : 6'(a_e2_i)) + (w_int_i ? 6'd0 : 6'(we2));
  assign zero = (!a_int_i && a_zero_i) || (!w_int_i && w_i[6:0] == 7'd0);
  always_comb begin
    if (zero) mag = '0;
    else if (w_int_i) mag = $signed({{2{w_i[7]}}, w_i});
    else if (a_int_i) mag = w_i[7] ? -$signed({a_val_i[8], a_val_i}) : $signed({a_val_i[8], a_val_i});
    else mag = w_i[7] ? -10'sd1 : 10'sd1;
  end
  assign product_o = SW'(signed'(mag)) << (7'(e2[5:1]) + (e2[0] ? 7'(lxa_cfg_pkg::HALF_W) : 7'd0));
endmodule
