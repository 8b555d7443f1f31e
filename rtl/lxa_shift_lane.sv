// SPDX-License-Identifier: MIT
// One multiplier-free lane of the shift array, as it is synthesized: (+-1 | weight | +-activation) shifted by the sum
// of the exponents. rtl/README.md, section 2.
//   The product is handed out so that its consumer needs no sign extension and no negation: it is
//   {!top, word} - 2^31 + plus, a negative one as its one's complement and a 1 to add. So a lane is an exponent adder,
//   a decoder whose idle outputs carry the sign (an AND-OR a bit), and no XOR row.
//   Without integers the decoder has one output; in base 2 the odd word does not exist.
module lxa_shift_lane #(
  parameter bit SQRT2 = 1'b1,      // products may have an odd number of half octaves
  parameter bit ACT_INT = 1'b1,    // activations may be integers
  parameter bit WGT_INT = 1'b1     // weights may be integers
) (
  // verilator lint_off UNUSEDSIGNAL
  input  logic        a_int_i,
  input  logic        a_live_i,    // not 0 (integers: 1)
  input  logic [4:0]  a_e2_i,      // exponent in half octaves (integers: 0)
  input  logic [8:0]  a_val_i,     // integer, sign-extended
  input  logic        w_int_i,
  input  logic [7:0]  w_i,         // integer, or {0, not zero, negative, exponent in half octaves}
  // verilator lint_on UNUSEDSIGNAL
  output logic        top_o,       // sign of the even word
  output logic [30:0] even_o,
  output logic        odd_top_o,
  output logic [30:0] odd_o,
  output logic        plus_o       // to add to each word
);
  logic [4:0] e;                   // octaves
  logic odd, neg, live, w_int, a_int;
  logic [8:0] v;                   // what is shifted, one's complement where neg
  logic [15:0] y;                  // shifted by e mod 8
  logic [3:0] h;                   // one-hot: by how many bytes

  assign w_int = WGT_INT && w_int_i;
  assign a_int = ACT_INT && a_int_i;
  generate
    if (SQRT2) begin : g_e2
      logic [5:0] e2;
      assign e2 = {1'b0, a_e2_i} + {1'b0, w_i[4:0] & {5{!w_int}}};
      assign e = e2[5:1];
      assign odd = e2[0];
    end else begin : g_e
      assign e = {1'b0, a_e2_i[4:1]} + {1'b0, w_i[4:1] & {4{!w_int}}};
      assign odd = 1'b0;
    end
  endgenerate
  assign neg = w_i[5] && !w_int;
  assign live = a_live_i && (w_i[6] || w_int);
  always_comb begin
    if (w_int) v = {w_i[7], w_i} & {9{live}};
    else if (a_int) v = (a_val_i & {9{live}}) ^ {9{neg}};
    else v = {8'd0, live} ^ {9{neg}};
    for (int unsigned j = 0; j < 4; j++) h[j] = e[4:3] == 2'(j) && (ACT_INT || WGT_INT || live);
  end

  generate
    if (ACT_INT || WGT_INT) begin : g_shift
      always_comb y = 16'({{7{v[8]}}, v, {8{neg}}} >> (4'd8 - 4'(e[2:0])));
    end else begin : g_decode
      always_comb for (int unsigned l = 0; l < 16; l++) y[l] = (l < 8 && e[2:0] == 3'(l)) ^ neg;
    end
  endgenerate

  // byte b of a word: the shifted value's low or high byte, its sign above, the one's complement's fill below
  function automatic logic [31:0] place(input logic [3:0] at, input logic [15:0] val, input logic sign, input logic fill);
    logic below, above;
    for (int unsigned b = 0; b < 4; b++) begin
      below = 1'b0;
      above = 1'b0;
      for (int unsigned j = 0; j < 4; j++) begin
        if (j + 1 < b) above = above | at[j];
        if (j > b) below = below | at[j];
      end
      if (ACT_INT || WGT_INT)
        place[8*b +: 8] = ({8{at[b]}} & val[7:0]) | (b > 0 ? {8{at[2'(b - 1)]}} & val[15:8] : 8'd0)
                        | {8{(above && sign) || (below && fill)}};
      else
        place[8*b +: 8] = ({8{at[b]}} & val[7:0]) | {8{!at[b] && fill}};
    end
  endfunction

  // verilator lint_off UNUSEDSIGNAL
  logic [31:0] word, word_odd;     // exponents end at 30
  // verilator lint_on UNUSEDSIGNAL
  generate
    if (SQRT2) begin : g_both
      always_comb begin
        if (ACT_INT || WGT_INT) begin
          word = place(h, y, v[8], neg);
          word_odd = odd ? word : {32{neg}};
          word = odd ? {32{neg}} : word;
        end else begin
          word = place(h & {4{!odd}}, y, neg, neg);
          word_odd = place(h & {4{odd}}, y, neg, neg);
        end
      end
      assign top_o = odd ? neg : v[8];
      assign odd_top_o = odd ? v[8] : neg;
    end else begin : g_even
      always_comb word = place(h, y, v[8], neg);
      assign word_odd = '0;
      assign top_o = (ACT_INT || WGT_INT) ? v[8] : neg;
      assign odd_top_o = 1'b0;
    end
  endgenerate
  assign odd_o = word_odd[30:0];
  assign even_o = word[30:0];
  assign plus_o = neg;
endmodule
