// SPDX-License-Identifier: MIT
// Output stage: OUT_LANES channels a cycle from accumulator to code (rtl/README.md, sections 3 and 4), then the maximum
// over the pool window. Stages: total + bias | product | shift, residual and clamp | code and pool. Further rows of
// thresholds follow their channel down the same pipeline and are counted in the last stage. A residual's value is worked
// out beside the first two stages. Kind raw sends the accumulators down in the place of the parameters.
module lxa_requant (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                en_i,
  // verilator lint_off UNUSEDSIGNAL
  input  lxa_core_pkg::tile_t cfg_i,
  // verilator lint_on UNUSEDSIGNAL
  input  lxa_core_pkg::item_t item_i,                               // with the data read for it
  input  logic [lxa_cfg_pkg::OUT_LANES*64-1:0]  shift_i,
  input  logic [lxa_cfg_pkg::OUT_LANES*32-1:0]  xnor_i,
  input  logic [lxa_cfg_pkg::OUT_LANES*128-1:0] par_i,
  input  logic [lxa_cfg_pkg::OUT_LANES*64-1:0]  res_i,
  output logic                                  valid_o,            // a group of a pixel is complete
  output logic [lxa_cfg_pkg::OUT_LANES*32-1:0]  code_o,
  output logic [lxa_cfg_pkg::OUT_LANES*32-1:0]  high_o,             // kind raw: the upper half
  output logic [63:0]                           addr_o,
  output logic                                  last_o,             // of the pixel in this block
  output logic                                  empty_o
);
  localparam int unsigned L = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned HW = lxa_cfg_pkg::HALF_W;      // even, odd sum; a slot; an XNOR sum
  localparam int unsigned SW = 2 * HW;
  localparam int unsigned XW = lxa_cfg_pkg::XACC_W;

  // verilator lint_off UNUSEDSIGNAL
  lxa_core_pkg::item_t ma_q, mb_q, mc_q;
  logic [L*128-1:0] pa_q, pb_q, pc_q;
  // verilator lint_on UNUSEDSIGNAL
  logic [L*48-1:0] t_q;
  logic [L*64-1:0] p_q;
  logic [L*32-1:0] u_q, best_q, high_q;
  logic [L*33-1:0] x_q;                  // residual, 15 fraction bits when it is a log code
  logic [L*49-1:0] xp_q;                 // times its multiplier
  logic [L*5-1:0] cnt_q;
  logic valid_q, last_q;
  logic [63:0] addr_q;

  // A residual element as the contract has it.
  function automatic logic [32:0] res_value(input logic [31:0] q, input logic [2:0] fmt, input logic s);
    logic [4:0] e2;
    e2 = s ? 5'(q[7:0] - 8'd1) : {4'(q[7:0] - 8'd1), 1'b0};
    if (fmt == 3'(lxa_regs_pkg::FMT_W32)) res_value = {q[31], q};
    else if (fmt == 3'(lxa_regs_pkg::FMT_U8)) res_value = {25'd0, q[7:0]};
    else if (fmt == 3'(lxa_regs_pkg::FMT_S8)) res_value = {{25{q[7]}}, q[7:0]};
    else if (q[7:0] == 8'd0) res_value = '0;
    else res_value = (e2[0] ? 33'd46341 : 33'd32768) << e2[4:1];
  endfunction

  // Logarithm of u as the contract has it, before offset and saturation; u != 0.
  function automatic logic [6:0] log_e(input logic [31:0] u, input logic s, input logic near);
    logic [31:0] n;
    logic [4:0] k;
    n = u;
    k = 5'd31;
    if (n[31:16] == 16'd0) begin n = n << 16; k = k - 5'd16; end
    if (n[31:24] == 8'd0) begin n = n << 8; k = k - 5'd8; end
    if (n[31:28] == 4'd0) begin n = n << 4; k = k - 5'd4; end
    if (n[31:30] == 2'd0) begin n = n << 2; k = k - 5'd2; end
    if (!n[31]) begin n = n << 1; k = k - 5'd1; end
    if (!s) log_e = 7'(k) + 7'(near && n >= 32'hB504F334);
    else if (!near) log_e = {1'b0, k, 1'b0} + 7'(n >= 32'hB504F334);
    else log_e = {1'b0, k, 1'b0} + 7'(n >= 32'h9837F052) + 7'(n >= 32'hD744FCCB);
  endfunction

  // A code from it: offset, saturation, and 0 for what is 0 or below the smallest.
  function automatic logic [7:0] log_code(input logic [6:0] e, input logic zero, input logic signed [7:0] off, input logic [7:0] max);
    logic signed [8:0] c;
    c = $signed({2'b0, e}) + 9'(off);
    if (zero || c <= 9'sd0) log_code = '0;
    else if (c[7:0] > max) log_code = max;
    else log_code = c[7:0];
  endfunction

  // Thresholds of a further row that u has reached; row r holds those from 4 r - 3 on.
  function automatic logic [4:0] reached(input logic [31:0] u, input logic [127:0] thr, input logic [2:0] row, input logic [3:0] nthr);
    reached = '0;
    for (int unsigned i = 0; i < 4; i++)
      reached = reached + 5'({row, 2'b00} + 5'(i) < 5'(nthr) + 5'd3 && $signed(u) >= $signed(thr[32*i +: 32]));
  endfunction

  logic signed [63:0] lo, hi;
  logic is_int, is_log, is_raw, res_raw, res_val;
  assign is_int = cfg_i.kind == 3'(lxa_regs_pkg::KIND_INT32) || cfg_i.kind == 3'(lxa_regs_pkg::KIND_INT8);
  assign is_log = cfg_i.kind == 3'(lxa_regs_pkg::KIND_LOG);
  assign is_raw = cfg_i.kind == 3'(lxa_regs_pkg::KIND_RAW);
  assign res_raw = cfg_i.res_mode == 2'(lxa_regs_pkg::RES_RAW);
  assign res_val = cfg_i.res_mode == 2'(lxa_regs_pkg::RES_VALUE);
  always_comb begin
    lo = '0;
    hi = '0;
    if (mb_q.valid) begin
      lo = is_log ? 64'sd0 : is_int ? 64'(cfg_i.clamp_lo) : -64'sd2147483648;
      hi = is_log ? 64'sd4294967295 : is_int ? 64'(cfg_i.clamp_hi) : 64'sd2147483646;
    end
  end

  // Codes of a row and the maximum of a window so far. Beside the process that keeps them, so that simulation copies them only
  // when they change; a loop for each kind, so that it does not ask for the kind L times.
  logic [L*32-1:0] code, best_d;
  logic [L*5-1:0] cnt_d;
  always_comb begin
    code = '0;
    cnt_d = '0;
    best_d = '0;
    if (en_i && mc_q.valid) begin
      if (is_int) begin
        for (int unsigned j = 0; j < L; j++)
          code[32*j +: 32] = cfg_i.kind == 3'(lxa_regs_pkg::KIND_INT8) ?
                             {{24{u_q[32*j+7] && cfg_i.clamp_lo[31]}}, u_q[32*j +: 8]} : u_q[32*j +: 32];
      end else if (is_log) begin
        for (int unsigned j = 0; j < L; j++)
          code[32*j +: 32] = {24'd0, log_code(log_e(u_q[32*j +: 32], cfg_i.log_s, cfg_i.log_round), u_q[32*j +: 32] == 32'd0,
                                              cfg_i.log_off, cfg_i.log_max)};
      end else if (!is_raw) begin
        for (int unsigned j = 0; j < L; j++) begin
          cnt_d[5*j +: 5] = mc_q.row == 3'd0 ?
            5'(cfg_i.nthr != 4'd0 && $signed(u_q[32*j +: 32]) >= $signed(pc_q[128*j+96 +: 32])) :
            cnt_q[5*j +: 5] + reached(u_q[32*j +: 32], pc_q[128*j +: 128], mc_q.row, cfg_i.nthr);
          code[32*j +: 32] = {27'd0, cnt_d[5*j +: 5]};
        end
      end
      if (mc_q.row_last) begin
        best_d = code;
        if (!mc_q.win_first) begin
          for (int unsigned j = 0; j < L; j++)
            if ($signed(best_q[32*j +: 32]) > $signed(code[32*j +: 32])) best_d[32*j +: 32] = best_q[32*j +: 32];
        end
        if (is_raw) for (int unsigned j = 0; j < L; j++) best_d[32*j +: 32] = pc_q[128*j +: 32];
        if (mc_q.win_last && mc_q.lanes < 8'(L)) begin
          for (int unsigned j = 0; j < L; j++) if (8'(j) >= mc_q.lanes) best_d[32*j +: 32] = '0;
        end
      end
    end
  end

  assign valid_o = valid_q;
  assign code_o = best_q;
  assign high_o = high_q;
  assign addr_o = addr_q;
  assign last_o = last_q;
  assign empty_o = !item_i.valid && !ma_q.valid && !mb_q.valid && !mc_q.valid && !valid_q;

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (!item_i.valid) ma_q.valid <= 1'b0;
      if (!ma_q.valid) mb_q.valid <= 1'b0;
      if (!mb_q.valid) mc_q.valid <= 1'b0;
      valid_q <= mc_q.valid && mc_q.row_last && mc_q.win_last;
      // total and bias
      if (item_i.valid) begin
        ma_q <= item_i;
        pa_q <= par_i;
        if (item_i.row == 3'd0) begin
          logic [L*64-1:0] sv;
          logic [L*32-1:0] av;
          sv = shift_i;
          av = xnor_i;
          if (res_raw) begin
            for (int unsigned j = 0; j < L; j++) begin
              sv[64*j +: 64] = shift_i[64*j +: 64] + res_i[64*j +: 64];
              av[32*j +: 32] = xnor_i[32*j +: 32] + res_i[64*j +: 32];
            end
          end
          if (cfg_i.lane) begin
            for (int unsigned j = 0; j < L; j++) begin
              logic [XW-1:0] a;
              a = av[32*j +: XW];
              t_q[48*j +: 48] <= {{(48-XW){a[XW-1]}}, $signed(a) >>> cfg_i.halve} + par_i[128*j +: 48];
            end
          end else begin
            for (int unsigned j = 0; j < L; j++) begin
              logic [SW-1:0] s;
              logic [47:0] total, e;
              logic [HW-1:0] o;
              s = sv[64*j +: SW];
              e = {{(48-HW){s[HW-1]}}, s[HW-1:0]};
              o = s[SW-1:HW] + HW'(s[HW-1]);                  // (s - e) >> HW
              if (cfg_i.dual) total = (e << 15) + {{(48-HW){o[HW-1]}}, o} * 48'd46341;
              else total = s[47:0];
              t_q[48*j +: 48] <= total + par_i[128*j +: 48];
            end
          end
          if (is_raw) begin
            for (int unsigned j = 0; j < L; j++)
              pa_q[128*j +: 64] <= cfg_i.lane ? 64'($signed(av[32*j +: XW])) : 64'($signed(sv[64*j +: SW]));
          end
        end
      end
      // product
      if (ma_q.valid) begin
        mb_q <= ma_q;
        pb_q <= pa_q;
        if (ma_q.row == 3'd0) begin
          for (int unsigned j = 0; j < L; j++) begin
            logic [63:0] t, m;
            logic [5:0] sh;
            t = {{16{t_q[48*j+47]}}, t_q[48*j +: 48]};
            m = {{48{pa_q[128*j+63]}}, pa_q[128*j+48 +: 16]};
            sh = pa_q[128*j+64 +: 6];
            p_q[64*j +: 64] <= t * m + ((64'd1 << sh) >> 1);
          end
        end
      end
      // shift and clamp
      if (mb_q.valid) begin
        mc_q <= mb_q;
        pc_q <= pb_q;
        if (mb_q.row == 3'd0) begin
          logic [L*64-1:0] add;
          add = '0;
          if (res_val) begin
            for (int unsigned j = 0; j < L; j++) begin
              logic signed [63:0] x;
              x = $signed({{15{xp_q[49*j+48]}}, xp_q[49*j +: 49]} + ((64'd1 << cfg_i.res_shift) >> 1));
              add[64*j +: 64] = x >>> cfg_i.res_shift;
            end
          end
          for (int unsigned j = 0; j < L; j++) begin
            logic signed [63:0] v;
            v = ($signed(p_q[64*j +: 64]) >>> pb_q[128*j+64 +: 6]) + $signed(add[64*j +: 64]);
            v = v < lo ? lo : v;
            v = v > hi ? hi : v;
            u_q[32*j +: 32] <= v[31:0];
          end
        end
      end
      // code and pool
      if (mc_q.valid) begin
        cnt_q <= cnt_d;
        if (mc_q.row_last) best_q <= best_d;
        addr_q <= mc_q.addr;
        last_q <= mc_q.px_last;
      end
    end
    if (!rst_ni) begin
      ma_q.valid <= 1'b0;
      mb_q.valid <= 1'b0;
      mc_q.valid <= 1'b0;
      valid_q <= 1'b0;
    end
  end

  // Residual and raw in processes of their own, for the sake of simulation: a register that is written where it is not
  // read is not copied every cycle.
  always_ff @(posedge clk_i) begin
    if (en_i && res_val && item_i.valid) begin
      for (int unsigned j = 0; j < L; j++) begin
        logic [31:0] q;
        case (cfg_i.res_fmt)
          3'(lxa_regs_pkg::FMT_W32): q = res_i[32*j +: 32];
          3'(lxa_regs_pkg::FMT_LOG4): q = {28'd0, res_i[4*j +: 4]};
          default: q = {24'd0, res_i[8*j +: 8]};
        endcase
        x_q[33*j +: 33] <= res_value(q, cfg_i.res_fmt, cfg_i.res_s);
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i && res_val && ma_q.valid) begin
      for (int unsigned j = 0; j < L; j++)
        xp_q[49*j +: 49] <= {{16{x_q[33*j+32]}}, x_q[33*j +: 33]} * {{33{cfg_i.res_mult[15]}}, cfg_i.res_mult};
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i && is_raw && mc_q.valid) begin
      for (int unsigned j = 0; j < L; j++)
        high_q[32*j +: 32] <= 8'(j) >= mc_q.lanes ? '0 : pc_q[128*j+32 +: 32];
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && mc_q.valid) assert (mc_q.row <= 3'd4);
  end
`endif
endmodule
