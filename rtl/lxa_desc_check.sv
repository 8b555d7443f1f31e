// SPDX-License-Identifier: MIT
// Refuses descriptors whose fields are impossible: a zero where a loop counts, an unknown format, lanes that this
// configuration does not have, an operand that is not aligned to a word. It keeps the core's loops finite and its
// addresses aligned; whether the sizes fit each other is the driver's duty, and windows fence what it gets wrong. Packed pixels are
// checked against the row: beyond it lies what another job left in the scratchpad.
module lxa_desc_check (
  input  logic                clk_i,
  input  logic                check_i,  // the answers are there in the next cycle
  /* verilator lint_off UNUSED */  // not every field can be wrong
  input  lxa_regs_pkg::desc_t desc_i,
  /* verilator lint_on UNUSED */
  output logic                nop_o,
  output logic                bad_o
);

  localparam int unsigned WB_LOG2 = $clog2(lxa_cfg_pkg::WORD_W / 8);
  localparam int unsigned WORD_BYTES = lxa_cfg_pkg::WORD_W / 8, LANES = lxa_cfg_pkg::OUT_LANES;
  localparam logic [15:0] SHIFT_OC = 16'(lxa_cfg_pkg::SHIFT_OC), SHIFT_IC = 16'(lxa_cfg_pkg::SHIFT_IC);
  localparam logic [15:0] XNOR_OC = 16'(lxa_cfg_pkg::XNOR_OC), XNOR_IC = 16'(lxa_cfg_pkg::XNOR_IC);

  logic        bad_op_q, zero_q, range_q, fmt_q, pack_q, align_q, out_q, res_q, absent_q;
  logic        is_n4, is_bits;
  logic [15:0] block_oc, block_ic;

  assign is_n4 = desc_i.act_fmt == 3'(lxa_regs_pkg::FMT_N4);
  assign is_bits = desc_i.wgt_fmt == 3'(lxa_regs_pkg::WFMT_BITS);

  assign block_oc = desc_i.lane ? XNOR_OC : SHIFT_OC;
  assign block_ic = desc_i.lane ? XNOR_IC : SHIFT_IC;

  logic        pool;
  logic [18:0] res_mask, out_mask;     // what a group's length, up to a word, makes of the pixel pitch
  logic [31:0] oc_sum;                 // OC as the blocks have it
  logic [22:0] oc_up, out_need, res_need;        // channels of whole groups; their bits in a pixel

  function automatic logic [18:0] group_mask(input int unsigned bytes);
    group_mask = 19'(bytes < WORD_BYTES ? bytes - 1 : WORD_BYTES - 1);
  endfunction

  always_comb begin
    pool = 1'b0;
    {res_mask, out_mask} = '0;
    {oc_sum, oc_up, out_need, res_need} = '0;
    if (check_i) begin
      pool = desc_i.pool_h != 4'd1 || desc_i.pool_w != 4'd1 || desc_i.pool_sy != 4'd1 || desc_i.pool_sx != 4'd1 ||
             desc_i.pool_pt != 4'd0 || desc_i.pool_pl != 4'd0;
      oc_sum = (32'(desc_i.ocb) - 32'd1) * 32'(block_oc) + 32'(desc_i.oc_tail);
      oc_up = (23'(desc_i.oc) + 23'(LANES - 1)) & ~23'(LANES - 1);
      case (desc_i.out_fmt)
        3'(lxa_regs_pkg::OFMT_B1): out_need = oc_up;
        3'(lxa_regs_pkg::OFMT_N4): out_need = oc_up << 2;
        3'(lxa_regs_pkg::OFMT_B8): out_need = oc_up << 3;
        3'(lxa_regs_pkg::OFMT_W32): out_need = oc_up << 5;
        default: out_need = oc_up << 6;
      endcase
      case (desc_i.out_fmt)
        3'(lxa_regs_pkg::OFMT_B1): out_mask = group_mask(LANES / 8);
        3'(lxa_regs_pkg::OFMT_N4): out_mask = group_mask(LANES / 2);
        3'(lxa_regs_pkg::OFMT_B8): out_mask = group_mask(LANES);
        3'(lxa_regs_pkg::OFMT_W32): out_mask = group_mask(LANES * 4);
        default: out_mask = group_mask(LANES * 8);
      endcase
      if (desc_i.res_mode == 2'(lxa_regs_pkg::RES_RAW)) begin
        res_need = oc_up << 6;
        res_mask = group_mask(LANES * 8);
      end else if (desc_i.res_fmt == 3'(lxa_regs_pkg::FMT_W32)) begin
        res_need = oc_up << 5;
        res_mask = group_mask(LANES * 4);
      end else if (desc_i.res_fmt == 3'(lxa_regs_pkg::FMT_LOG4)) begin
        res_need = oc_up << 2;
        res_mask = group_mask(LANES / 2);
      end else begin
        res_need = oc_up << 3;
        res_mask = group_mask(LANES);
      end
    end
  end

  // All comparisons stand below check_i, so that a simulator makes them once a job and not once a cycle.
  always_ff @(posedge clk_i) begin
    if (check_i) begin
      nop_o <= desc_i.op == 4'(lxa_regs_pkg::OP_NOP);
      bad_op_q <= desc_i.magic != lxa_regs_pkg::DESC_MAGIC ||
                  (desc_i.op != 4'(lxa_regs_pkg::OP_NOP) && desc_i.op != 4'(lxa_regs_pkg::OP_CONV));
      zero_q <= desc_i.in_h == 0 || desc_i.in_w == 0 || desc_i.conv_h == 0 || desc_i.conv_w == 0 || desc_i.out_h == 0 ||
                desc_i.out_w == 0 || desc_i.batch == 0 || desc_i.in_px == 0 || desc_i.out_px == 0 ||
                desc_i.act_pitch == 0 || desc_i.kh == 0 || desc_i.kw == 0 || desc_i.sy == 0 || desc_i.sx == 0 ||
                desc_i.dy == 0 || desc_i.dx == 0 || desc_i.pool_h == 0 || desc_i.pool_w == 0 || desc_i.pool_sy == 0 ||
                desc_i.pool_sx == 0 || desc_i.passes == 0 || desc_i.oc == 0 || desc_i.ocb == 0 || desc_i.icb == 0 ||
                desc_i.icb_total == 0 || desc_i.grp_ocb == 0 || desc_i.mac_ic == 0 || desc_i.ic_tail == 0 ||
                desc_i.oc_tail == 0 || desc_i.tile_h == 0 || desc_i.tile_w == 0;
      range_q <= desc_i.kh > 4'd11 || desc_i.kw > 4'd11 || desc_i.sy > 3'd4 || desc_i.sx > 3'd4 ||
                 desc_i.passes > (is_bits ? 3'd4 : 3'd2) || desc_i.a_bits > 3'd4 || is_n4 != (desc_i.a_bits != 0) ||
                 desc_i.kind > 3'(lxa_regs_pkg::KIND_RAW) || desc_i.out_fmt > 3'(lxa_regs_pkg::OFMT_W64) || desc_i.icb > desc_i.icb_total || {8'd0, desc_i.ic_tail} > block_ic ||
                 {8'd0, desc_i.oc_tail} > block_oc ||
                 ((desc_i.nthr != 0) != (desc_i.kind == 3'(lxa_regs_pkg::KIND_THRESH)));
      pack_q <= desc_i.pack &&
                (desc_i.lane == 1'(lxa_regs_pkg::LANE_XNOR) || desc_i.act_fmt == 3'(lxa_regs_pkg::FMT_LOG4) || desc_i.dx != 5'd1 ||
                 desc_i.pad_l != 8'd0 ||
                 (20'(desc_i.conv_w) - 20'd1) * 20'(desc_i.sx) + 20'(desc_i.kw) > 20'(desc_i.in_w));
      align_q <= (desc_i.act_addr[WB_LOG2-1:0] | desc_i.wgt_addr[WB_LOG2-1:0] | desc_i.par_addr[WB_LOG2-1:0] |
                  desc_i.out_addr[WB_LOG2-1:0] | desc_i.in_row[WB_LOG2-1:0] | desc_i.in_img[WB_LOG2-1:0] |
                  desc_i.out_row[WB_LOG2-1:0] | desc_i.out_img[WB_LOG2-1:0]) != 0;
      // Kind raw and a residual: no pool; w64 is raw's alone. No group of channels straddles words.
      out_q <= ({desc_i.out_px, 3'b0} & out_mask) != 0 ||
               (desc_i.kind == 3'(lxa_regs_pkg::KIND_RAW)) != (desc_i.out_fmt == 3'(lxa_regs_pkg::OFMT_W64)) ||
               (pool && (desc_i.kind == 3'(lxa_regs_pkg::KIND_RAW) || desc_i.res_mode != 0));
      // Residual: a group of channels must not begin inside a word that it does not end in, and the drain must walk over
      // every group with a channel below OC, as the loader does: they would lose step otherwise, also for later jobs.
      res_q <= 1'b0;
      if (desc_i.res_mode != 2'(lxa_regs_pkg::RES_NONE))
        res_q <= desc_i.res_mode > 2'(lxa_regs_pkg::RES_RAW) ||
                 (desc_i.res_mode == 2'(lxa_regs_pkg::RES_VALUE) && desc_i.res_fmt > 3'(lxa_regs_pkg::FMT_S8) &&
                  desc_i.res_fmt != 3'(lxa_regs_pkg::FMT_W32)) ||
                 desc_i.res_shift > 6'd62 || res_need > {1'b0, desc_i.res_px, 6'b0} ||
                 (desc_i.res_addr[WB_LOG2-1:0] | desc_i.res_row[WB_LOG2-1:0] | desc_i.res_img[WB_LOG2-1:0]) != 0 ||
                 ({desc_i.res_px, 3'b0} & res_mask) != 0 || {16'd0, desc_i.oc} != oc_sum || out_need > {1'b0, desc_i.out_px, 6'b0};

      // what this configuration leaves out
      absent_q <= (lxa_cfg_pkg::HAS_SQRT2 == 0 && (desc_i.act_s || desc_i.wgt_s || desc_i.dual || desc_i.log_s ||
                                                  (desc_i.res_mode != 0 && desc_i.res_s))) ||
                  (lxa_cfg_pkg::HAS_ACT_INT == 0 && (desc_i.act_fmt == 3'(lxa_regs_pkg::FMT_U8) || desc_i.act_fmt == 3'(lxa_regs_pkg::FMT_S8))) ||
                  (lxa_cfg_pkg::HAS_WGT_INT == 0 && desc_i.wgt_fmt == 3'(lxa_regs_pkg::WFMT_S8)) ||
                  (lxa_cfg_pkg::HAS_PLANES == 0 && (is_n4 || is_bits)) || (lxa_cfg_pkg::HAS_POOL == 0 && pool) || (lxa_cfg_pkg::HAS_PACK == 0 && desc_i.pack) ||
                  (lxa_cfg_pkg::HAS_RES == 0 && (desc_i.res_mode != 0 || desc_i.kind == 3'(lxa_regs_pkg::KIND_RAW)));
      if (block_oc == 0 || block_ic == 0) fmt_q <= 1'b1;  // no such lanes in this configuration
      else if (desc_i.lane == 1'(lxa_regs_pkg::LANE_XNOR))
        fmt_q <= (desc_i.act_fmt != 3'(lxa_regs_pkg::FMT_B1) && !is_n4) ||
                 (desc_i.wgt_fmt != 3'(lxa_regs_pkg::WFMT_B1) && !is_bits) ||
                 desc_i.pad_mode > (is_n4 ? 2'(lxa_regs_pkg::PAD_ZERO) : 2'(lxa_regs_pkg::PAD_MINUS));
      else
        fmt_q <= desc_i.act_fmt >= 3'(lxa_regs_pkg::FMT_B1) || desc_i.wgt_fmt >= 3'(lxa_regs_pkg::WFMT_B1) ||
                 (desc_i.act_fmt >= 3'(lxa_regs_pkg::FMT_U8) && desc_i.wgt_fmt == 3'(lxa_regs_pkg::WFMT_S8));
    end
  end

  assign bad_o = bad_op_q || (!nop_o && (zero_q || range_q || fmt_q || pack_q || align_q || out_q || res_q || absent_q));

endmodule
