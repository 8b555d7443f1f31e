// SPDX-License-Identifier: MIT
// Shift lanes and accumulators, the form that simulates fast: weights decoded once, to +-2^e at even and odd activation
// exponents; a zero activation reads a row of zeros. The same function as lxa_shift_synth, cycle for cycle; for Verilator only.
// Slots have 64 bits here, of which the output stage takes 2 * HALF_W.
`ifdef VERILATOR
module lxa_shift_fast #(
  localparam int unsigned PW = $clog2(lxa_cfg_pkg::ACC_PIXELS),
  localparam int unsigned SHIFT_WORDS = lxa_cfg_pkg::SHIFT_OC * lxa_cfg_pkg::SHIFT_IC * 8 / lxa_cfg_pkg::WORD_W,
  localparam int unsigned XNOR_WORDS = lxa_cfg_pkg::XNOR_OC * lxa_cfg_pkg::XNOR_IC / lxa_cfg_pkg::WORD_W,
  localparam int unsigned MAX_OC = lxa_cfg_pkg::XNOR_OC > lxa_cfg_pkg::SHIFT_OC ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC,
  localparam int unsigned GW = $clog2(MAX_OC / lxa_cfg_pkg::OUT_LANES),
  localparam int unsigned WIW = $clog2(XNOR_WORDS > SHIFT_WORDS ? XNOR_WORDS : SHIFT_WORDS)
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 ld_valid_i,
  input  logic                                 ld_int_i,
  input  logic                                 ld_s_i,
  input  logic [WIW-1:0]                       ld_idx_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]       ld_word_i,
  // one operation: operands of all input channels, as nibbles and as bytes
  input  logic                                 valid_i,
  input  logic                                 swap_i,
  input  logic                                 first_i,
  input  logic [PW:0]                          acc_i,
  input  logic                                 in_img_i,
  input  logic                                 nib_i,        // nibbles (log4), else bytes
  input  logic                                 int_i,        // u8, s8
  input  logic                                 signed_i,     // s8
  input  logic                                 act_s_i,
  input  logic [lxa_cfg_pkg::SHIFT_IC*4-1:0]   nibs_i,
  input  logic [lxa_cfg_pkg::SHIFT_IC*8-1:0]   bytes_i,
  // drain
  input  logic                                 rd_en_i,
  input  logic [PW:0]                          rd_acc_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [GW-1:0]                        rd_grp_i,
  // verilator lint_on UNUSEDSIGNAL
  output logic [lxa_cfg_pkg::OUT_LANES*64-1:0] rd_data_o
);
  localparam int unsigned OC = lxa_cfg_pkg::SHIFT_OC;
  localparam int unsigned IC = lxa_cfg_pkg::SHIFT_IC;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned LANES = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned NPIX = 2 << PW;
  localparam int unsigned HW = lxa_cfg_pkg::HALF_W;
  localparam int unsigned OGW = $clog2(OC / LANES) > 0 ? $clog2(OC / LANES) : 1;

  // verilator lint_off BLKSEQ
  localparam int unsigned ICL = $clog2(IC);
  localparam int unsigned PER = WORD_W / (IC * 8);        // output channels in a weight word
  localparam int unsigned VL = OC % 8 == 0 ? 8 : OC % 4 == 0 ? 4 : 1;  // output channels in a vector
  // rows: {0, set, odd activation exponent, input channel}; {1, ...}: zeros
  logic [63:0] w_q [8 * IC][OC];
  logic [63:0] acc_q [NPIX][OC];
  logic [ICL+2:0] row_q [IC];
  logic [3:0] sh_q [IC];
  logic [63:0] val_q [IC];
  logic mac_q, int_q, set_q;
  logic [63:0] keep_q;
  logic [IC*4-1:0] nibs_q;
  logic [ICL+2:0] first_row_q;
  logic [PW:0] idx_q;

  always_ff @(posedge clk_i) begin
    // Multiply and accumulate: for all o, acc[o] = (acc[o] & keep) + sum over i of w[row[i]][o] << sh[i] (or * val[i]).
    // In C, because Verilator's own code keeps every partial sum in memory; with vectors of its own, because the compiler
    // unrolls a plain loop over o before it looks for vectors, and then finds none.
    if (mac_q) begin
      $c("typedef QData V __attribute__((vector_size(", 8 * VL, "), aligned(8), may_alias)); V* const a = (V*)&", acc_q[idx_q][0],
         "; const V* const w = (const V*)&", w_q[0][0], "; const QData k = ", keep_q, ";");
      if (int_q)
        $c("for (int o = 0; o < ", OC / VL, "; ++o) { V s = a[o] & k; _Pragma(\"GCC unroll 32\") for (int i = 0; i < ", IC,
           "; ++i) s += w[(&", row_q[0], ")[i] * ", OC / VL, " + o] * (&", val_q[0], ")[i]; a[o] = s; }");
      else
        $c("for (int o = 0; o < ", OC / VL, "; ++o) { V s = a[o] & k; _Pragma(\"GCC unroll 32\") for (int i = 0; i < ", IC,
           "; ++i) s += w[(&", row_q[0], ")[i] * ", OC / VL, " + o] << (QData)(&", sh_q[0], ")[i]; a[o] = s; }");
    end
    // decode the next operation
    mac_q = valid_i;
    if (valid_i) begin
      if (swap_i) set_q = !set_q;
      idx_q = acc_i;
      keep_q = first_i ? 64'd0 : ~64'd0;
      int_q = int_i;
      if (int_i) begin
        for (int unsigned i = 0; i < IC; i++) begin
          val_q[i] = {{56{signed_i && bytes_i[8*i+7]}}, bytes_i[8*i +: 8]};
          row_q[i] = {!in_img_i, set_q, 1'b0, ICL'(i)};
        end
      end else if (nib_i) begin
        // For all i: row[i], sh[i] as below from the nibble. In C too: vectors do all nibbles at once.
        nibs_q = nibs_i;
        first_row_q = {!in_img_i, set_q, 1'b0, {ICL{1'b0}}};
        $c("{ CData n[", IC / 2, "]; std::memcpy(n, &", nibs_q, ", sizeof(n)); auto* const r = &", row_q[0],
           "; auto* const h = &", sh_q[0], "; const IData f = ", first_row_q, "; const IData s = ", act_s_i,
           "; _Pragma(\"omp simd\") for (int i = 0; i < ", IC, "; ++i) { const IData q = n[i >> 1] >> (i & 1) * 4 & 15; const IData m = (q - 1) & 15;",
           " h[i] = m >> s; r[i] = f | i | (m & s) << ", ICL, " | (q == 0) << ", ICL + 2, "; } }");
      end else begin
        for (int unsigned i = 0; i < IC; i++) begin
          logic [4:0] m;
          m = bytes_i[8*i +: 5] - 5'd1;
          sh_q[i] = act_s_i ? m[4:1] : m[3:0];
          row_q[i] = {!in_img_i || bytes_i[8*i +: 8] == 8'd0, set_q, act_s_i & m[0], ICL'(i)};
        end
      end
    end
    // shadow weights: the other set
    if (ld_valid_i) begin
      for (int unsigned k = 0; k < PER; k++) begin
        for (int unsigned i = 0; i < IC; i++) begin
          logic [7:0] w;
          logic [4:0] m;
          logic [63:0] one;
          logic [3:0] hw;
          logic ow;
          w = ld_word_i[8*(k*IC+i) +: 8];
          m = w[4:0] - 5'd1;
          hw = ld_s_i ? m[4:1] : m[3:0];
          ow = ld_s_i & m[0];
          one = w[6:0] == 7'd0 ? 64'd0 : w[7] ? ~64'd0 : 64'd1;
          if (ld_int_i) begin
            w_q[{1'b0, !set_q, 1'b0, ICL'(i)}][($clog2(OC))'(32'(ld_idx_i) * PER + k)] = {{56{w[7]}}, w};
            w_q[{1'b0, !set_q, 1'b1, ICL'(i)}][($clog2(OC))'(32'(ld_idx_i) * PER + k)] = {{56{w[7]}}, w} << HW;
          end else begin
            w_q[{1'b0, !set_q, 1'b0, ICL'(i)}][($clog2(OC))'(32'(ld_idx_i) * PER + k)] = one << (ow ? 6'(hw) + 6'(HW) : 6'(hw));
            w_q[{1'b0, !set_q, 1'b1, ICL'(i)}][($clog2(OC))'(32'(ld_idx_i) * PER + k)] =
              one << (ow ? 6'(hw) + 6'd1 : 6'(hw) + 6'(HW));
          end
        end
      end
    end
    if (!rst_ni) begin
      mac_q = 1'b0;
      set_q = 1'b0;
      acc_q[0][0] = 64'd0;       // the one assignment of acc_q that Verilator sees
      for (int unsigned i = 0; i < IC * 4; i++)
        for (int unsigned o = 0; o < OC; o++) w_q[(ICL+3)'(4 * IC) + (ICL+3)'(i)][o] = 64'd0;
    end
  end

  logic [LANES*64-1:0] rd_q;
  assign rd_data_o = rd_q;
  always_ff @(posedge clk_i) begin
    if (rd_en_i)
      for (int unsigned j = 0; j < LANES; j++)
        rd_q[64*j +: 64] <= acc_q[rd_acc_i][($clog2(OC))'(32'(rd_grp_i[OGW-1:0]) * LANES + j)];
  end
  // verilator lint_on BLKSEQ
endmodule
`endif
