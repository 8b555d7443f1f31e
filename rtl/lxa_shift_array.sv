// SPDX-License-Identifier: MIT
// Shift array: SHIFT_OC x SHIFT_IC multiplier-free MACs a cycle with the weights standing still, and its accumulators
// (two halves of ACC_PIXELS x SHIFT_OC 64-bit slots). Two forms of the same function, cycle for cycle: one that
// simulates fast (weights decoded once, to +-2^e at even and odd activation exponents; a zero activation reads a row
// of zeros) and one that synthesizes (lxa_shift_lane, accumulator read, add, write).
module lxa_shift_array #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned PW = $clog2(lxa_cfg_pkg::ACC_PIXELS),
  localparam int unsigned SHIFT_WORDS = lxa_cfg_pkg::SHIFT_OC * lxa_cfg_pkg::SHIFT_IC * 8 / lxa_cfg_pkg::WORD_W,
  localparam int unsigned XNOR_WORDS = lxa_cfg_pkg::XNOR_OC * lxa_cfg_pkg::XNOR_IC / lxa_cfg_pkg::WORD_W,
  localparam int unsigned MAX_OC = lxa_cfg_pkg::XNOR_OC > lxa_cfg_pkg::SHIFT_OC ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC,
  localparam int unsigned GW = $clog2(MAX_OC / lxa_cfg_pkg::OUT_LANES),
  localparam int unsigned WIW = $clog2(XNOR_WORDS > SHIFT_WORDS ? XNOR_WORDS : SHIFT_WORDS)
) (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  // shadow weights, one word at a time: word i holds weights of consecutive output channels
  input  logic                           ld_valid_i,
  input  logic                           ld_int_i,
  input  logic                           ld_s_i,
  input  logic [WIW-1:0]   ld_idx_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0] ld_word_i,
  // one operation and the activation word that goes with it
  // verilator lint_off UNUSEDSIGNAL
  input  lxa_core_pkg::op_t              op_i,
  // verilator lint_on UNUSEDSIGNAL
  input  logic [lxa_cfg_pkg::WORD_W-1:0] word_i,
  // drain
  input  logic                           rd_en_i,
  input  logic [PW:0]      rd_acc_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [GW-1:0]    rd_grp_i,
  // verilator lint_on UNUSEDSIGNAL
  output logic [lxa_cfg_pkg::OUT_LANES*64-1:0] rd_data_o
);
  localparam int unsigned OC = lxa_cfg_pkg::SHIFT_OC;
  localparam int unsigned IC = lxa_cfg_pkg::SHIFT_IC;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned LANES = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned NPIX = 2 << PW;
  localparam int unsigned NSH = $clog2(IC / 2);           // byte offset of a nibble group: lower bits are 0
  localparam int unsigned OGW = $clog2(OC / LANES) > 0 ? $clog2(OC / LANES) : 1;

  logic [IC*4-1:0] nibs;
  logic [IC*8-1:0] bytes;
  logic valid, a_int, is_nib;
  logic [PW:0] op_acc;
  assign op_acc = {op_i.half, op_i.pix[PW-1:0]};
  generate
    if (WORD_W == IC * 4) begin : g_nib1
      assign nibs = word_i;
    end else begin : g_nib
      assign nibs = word_i[op_i.off[WBL-1:NSH] * (IC * 4) +: IC * 4];
    end
    if (WORD_W == IC * 8) begin : g_byte1
      assign bytes = word_i;
    end else begin : g_byte
      assign bytes = word_i[op_i.off[WBL-1:NSH+1] * (IC * 8) +: IC * 8];
    end
  endgenerate
  assign valid = op_i.valid && !op_i.lane;
  assign is_nib = op_i.fmt == 3'(lxa_regs_pkg::FMT_LOG4);
  assign a_int = op_i.fmt == 3'(lxa_regs_pkg::FMT_U8) || op_i.fmt == 3'(lxa_regs_pkg::FMT_S8);

`ifdef VERILATOR
`ifndef LXA_SYNTH_FORM
  `define LXA_FAST_SHIFT
`endif
`endif

`ifdef LXA_FAST_SHIFT
  // verilator lint_off BLKSEQ
  localparam int unsigned ICL = $clog2(IC);
  localparam int unsigned PER = WORD_W / (IC * 8);        // output channels in a weight word
  // rows: {0, set, odd activation exponent, input channel}; {1, ...}: zeros
  logic [63:0] w_q [8 * IC][OC];
  logic [63:0] acc_q [NPIX][OC];
  logic [ICL+2:0] row_q [IC];
  logic [3:0] sh_q [IC];
  logic [63:0] val_q [IC];
  logic mac_q, int_q, set_q;
  logic [63:0] keep_q;
  logic [PW:0] idx_q;

  always_ff @(posedge clk_i) begin
    // Multiply and accumulate: for all o, acc[o] = (acc[o] & keep) + sum over i of w[row[i]][o] << sh[i] (or * val[i]).
    // In C, because Verilator's own code keeps every partial sum in memory, which no C compiler can vectorize.
    if (mac_q) begin
      if (int_q)
        $c("{ QData s[", OC, "]; QData* const a = &", acc_q[idx_q][0], "; const QData* const w = &", w_q[0][0],
           "; for (int o = 0; o < ", OC, "; ++o) s[o] = a[o] & ", keep_q, "; for (int i = 0; i < ", IC,
           "; ++i) { const QData* const r = w + (&", row_q[0], ")[i] * ", OC, "; const QData v = (&", val_q[0],
           ")[i]; for (int o = 0; o < ", OC, "; ++o) s[o] += r[o] * v; } for (int o = 0; o < ", OC,
           "; ++o) a[o] = s[o]; }");
      else
        $c("{ QData s[", OC, "]; QData* const a = &", acc_q[idx_q][0], "; const QData* const w = &", w_q[0][0],
           "; for (int o = 0; o < ", OC, "; ++o) s[o] = a[o] & ", keep_q, "; for (int i = 0; i < ", IC,
           "; ++i) { const QData* const r = w + (&", row_q[0], ")[i] * ", OC, "; const IData v = (&", sh_q[0],
           ")[i]; for (int o = 0; o < ", OC, "; ++o) s[o] += r[o] << v; } for (int o = 0; o < ", OC,
           "; ++o) a[o] = s[o]; }");
    end
    // decode the next operation
    mac_q = valid;
    if (valid) begin
      if (op_i.swap) set_q = !set_q;
      idx_q = op_acc;
      keep_q = op_i.first ? 64'd0 : ~64'd0;
      int_q = a_int;
      if (a_int) begin
        for (int unsigned i = 0; i < IC; i++) begin
          val_q[i] = {{56{op_i.fmt == 3'(lxa_regs_pkg::FMT_S8) && bytes[8*i+7]}}, bytes[8*i +: 8]};
          row_q[i] = {!op_i.in_img, set_q, 1'b0, ICL'(i)};
        end
      end else if (is_nib) begin
        for (int unsigned i = 0; i < IC; i++) begin
          logic [3:0] m;
          m = nibs[4*i +: 4] - 4'd1;
          sh_q[i] = op_i.act_s ? 4'(m[3:1]) : m;
          row_q[i] = {!op_i.in_img || nibs[4*i +: 4] == 4'd0, set_q, op_i.act_s & m[0], ICL'(i)};
        end
      end else begin
        for (int unsigned i = 0; i < IC; i++) begin
          logic [4:0] m;
          m = bytes[8*i +: 5] - 5'd1;
          sh_q[i] = op_i.act_s ? m[4:1] : m[3:0];
          row_q[i] = {!op_i.in_img || bytes[8*i +: 8] == 8'd0, set_q, op_i.act_s & m[0], ICL'(i)};
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
            w_q[{1'b0, !set_q, 1'b1, ICL'(i)}][($clog2(OC))'(32'(ld_idx_i) * PER + k)] = {{24{w[7]}}, w, 32'd0};
          end else begin
            w_q[{1'b0, !set_q, 1'b0, ICL'(i)}][($clog2(OC))'(32'(ld_idx_i) * PER + k)] = one << {ow, 1'b0, hw};
            w_q[{1'b0, !set_q, 1'b1, ICL'(i)}][($clog2(OC))'(32'(ld_idx_i) * PER + k)] =
              one << (ow ? 6'(hw) + 6'd1 : {2'b10, hw});
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
`else
  logic [OC*IC*8-1:0] shadow_q, w_q;
  logic sh_int_q, sh_s_q, w_int_q, w_s_q;
  logic mac_q, int_q, first_q;
  logic [PW:0] idx_q;
  logic [IC-1:0] zero_q;
  logic [IC*5-1:0] e2_q;
  logic [IC*9-1:0] val_q;
  logic [OC*64-1:0] mem_q [NPIX];
  logic [OC*64-1:0] acc_q, sum;

  for (genvar o = 0; o < OC; o++) begin : g_oc
    logic [63:0] prod [IC];
    logic [63:0] total;
    for (genvar i = 0; i < IC; i++) begin : g_ic
      lxa_shift_lane u_lane (
        .a_int_i(int_q), .a_zero_i(zero_q[i]), .a_e2_i(e2_q[5*i +: 5]), .a_val_i(val_q[9*i +: 9]),
        .w_int_i(w_int_q), .w_s_i(w_s_q), .w_i(w_q[8*(o*IC+i) +: 8]), .product_o(prod[i])
      );
    end
    always_comb begin
      total = first_q ? 64'd0 : acc_q[64*o +: 64];
      for (int unsigned i = 0; i < IC; i++) total = total + prod[i];
    end
    assign sum[64*o +: 64] = total;
  end

  logic [IC*5-1:0] e2_d;
  logic [IC*9-1:0] val_d;
  logic [IC-1:0] zero_d;
  always_comb begin
    for (int unsigned i = 0; i < IC; i++) begin
      logic [7:0] q;
      logic [4:0] m;
      q = is_nib ? {4'd0, nibs[4*i +: 4]} : bytes[8*i +: 8];
      m = q[4:0] - 5'd1;
      zero_d[i] = q == 8'd0 || !op_i.in_img;
      e2_d[5*i +: 5] = op_i.act_s ? m : {m[3:0], 1'b0};
      val_d[9*i +: 9] = op_i.in_img ? {op_i.fmt == 3'(lxa_regs_pkg::FMT_S8) && q[7], q} : 9'd0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (mac_q) mem_q[idx_q] <= sum;
    mac_q <= valid;
    if (valid) begin
      acc_q <= mem_q[op_acc];
      idx_q <= op_acc;
      first_q <= op_i.first;
      int_q <= a_int;
      zero_q <= zero_d;
      e2_q <= e2_d;
      val_q <= val_d;
      if (op_i.swap) begin
        w_q <= shadow_q;
        w_int_q <= sh_int_q;
        w_s_q <= sh_s_q;
      end
    end
    if (ld_valid_i) begin
      shadow_q[ld_idx_i * WORD_W +: WORD_W] <= ld_word_i;
      sh_int_q <= ld_int_i;
      sh_s_q <= ld_s_i;
    end
    if (!rst_ni) mac_q <= 1'b0;
  end

  logic [OC*64-1:0] rdw_q;
  logic [OGW-1:0] rgrp_q;
  assign rd_data_o = rdw_q[rgrp_q * (LANES * 64) +: LANES * 64];
  always_ff @(posedge clk_i) begin
    if (rd_en_i) begin
      rdw_q <= mem_q[rd_acc_i];
      rgrp_q <= rd_grp_i[OGW-1:0];
    end
  end
`ifndef SYNTHESIS
  always_ff @(posedge clk_i) assert (!rst_ni || !valid || !mac_q || idx_q != op_acc);
`endif
`endif
endmodule
