// SPDX-License-Identifier: MIT
// Cuts jobs into tiles and hands each tile, with its geometry and addresses worked out, to all engines at once.
// A tile takes some fourteen cycles; the engines' rings keep it ahead of them.
module lxa_tiler #(
  localparam int unsigned WB = lxa_cfg_pkg::WORD_W / 8,
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned SHIFT_WORDS = lxa_cfg_pkg::SHIFT_OC * lxa_cfg_pkg::SHIFT_IC * 8 / lxa_cfg_pkg::WORD_W,
  localparam int unsigned XNOR_WORDS = lxa_cfg_pkg::XNOR_OC * lxa_cfg_pkg::XNOR_IC / lxa_cfg_pkg::WORD_W
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                job_valid_i,
  output logic                job_ready_o,
  input  lxa_regs_pkg::desc_t job_i,
  input  logic                room_i,     // the rings take another tile
  output logic                push_o,
  output lxa_core_pkg::tile_t tile_o,
  output logic                busy_o
);

  localparam int unsigned AM = lxa_core_pkg::AM;

  typedef enum logic [3:0] {
    S_IDLE, S_JOB0, S_JOB1, S_JOB2, S_AX0, S_AX1, S_AX2, S_AX3, S_ADDR0, S_ADDR1, S_PUSH
  } state_t;

  state_t state_q;
  // verilator lint_off UNUSEDSIGNAL
  lxa_regs_pkg::desc_t d_q;
  // verilator lint_on UNUSEDSIGNAL
  lxa_core_pkg::tile_t t_q;
  logic [7:0] job_q;
  logic last_q;
  logic [15:0] rows_px_q;                       // pixels of an input row of the tile
  logic signed [19:0] iy_q, ix_q;
  logic [AM-1:0] astart_q;
  logic xax_q;                                  // axis under way: 0 = y, 1 = x
  logic [15:0] n_q, oy_q, ox_q;
  logic [63:0] aimg_q, oimg_q, rimg_q;
  logic [40:0] wm_q;                            // weight tiles of a tile of the output
  logic [8:0] ek1_y_q, ek1_x_q;
  // one axis
  logic [15:0] len_q, iy0_q, ix0_q;
  logic signed [19:0] clo_q, c0_q, clen_q, ilo_q;
  logic [47:0] roff_q, ooff_q, soff_q;          // of input, output, residual
  logic [31:0] xb_q;

  // operands of the axis under way
  logic [15:0] a_o0, a_tile, a_out, a_conv, a_in;
  logic [3:0] a_ps, a_pool, a_pp;
  logic [2:0] a_s;
  logic [7:0] a_pad;
  logic [8:0] a_ek1;
  logic signed [19:0] chi, ihi, i0, icut;
  logic [AM-1:0] px, pit;
  logic [18:0] in_px;                           // bytes
  logic last_x, last_y, last_n, work;

  // Worked out only while the tiler moves: most of the time it waits, and simulation is faster for it.
  assign in_px = d_q.pack ? 19'(d_q.in_px) : {d_q.in_px, 3'b0};
  assign work = state_q != S_IDLE && (state_q != S_PUSH || room_i);
  always_comb begin
    {a_o0, a_tile, a_out, a_conv, a_in, a_ps, a_pool, a_pp, a_s, a_pad, a_ek1} = '0;
    {chi, ihi, i0, icut, px, pit, last_x, last_y, last_n} = '0;
    if (work) begin
      a_o0 = xax_q ? ox_q : oy_q;
      a_tile = xax_q ? d_q.tile_w : d_q.tile_h;
      a_out = xax_q ? d_q.out_w : d_q.out_h;
      a_conv = xax_q ? d_q.conv_w : d_q.conv_h;
      a_in = xax_q ? d_q.in_w : d_q.in_h;
      a_ps = xax_q ? d_q.pool_sx : d_q.pool_sy;
      a_pool = xax_q ? d_q.pool_w : d_q.pool_h;
      a_pp = xax_q ? d_q.pool_pl : d_q.pool_pt;
      a_s = xax_q ? d_q.sx : d_q.sy;
      a_pad = xax_q ? d_q.pad_l : d_q.pad_t;
      a_ek1 = xax_q ? ek1_x_q : ek1_y_q;
      chi = clo_q + 20'((20'(len_q) - 20'd1) * 20'(a_ps)) + 20'(a_pool);
      ihi = ilo_q + 20'(20'(clen_q - 20'sd1) * 20'(a_s)) + 20'(a_ek1) + 20'sd1;
      i0 = ilo_q < 0 ? 20'sd0 : ilo_q;
      icut = ihi < $signed(20'(a_in)) ? ihi : $signed(20'(a_in));
      px = AM'(in_px);
      pit = AM'({d_q.act_pitch, WBL'(0)});
      last_x = 17'(ox_q) + 17'(d_q.tile_w) >= 17'(d_q.out_w);
      last_y = 17'(oy_q) + 17'(d_q.tile_h) >= 17'(d_q.out_h);
      last_n = n_q + 16'd1 >= d_q.batch;
    end
  end

  assign job_ready_o = state_q == S_IDLE;
  assign busy_o = state_q != S_IDLE;
  assign push_o = state_q == S_PUSH && room_i;
  assign tile_o = t_q;

  always_ff @(posedge clk_i) begin
    case (state_q)
      S_IDLE: if (job_valid_i) state_q <= S_JOB0;
      S_JOB0: begin
        job_q <= job_q + 8'd1;
        wm_q <= 41'(d_q.ocb) * 41'(d_q.icb);
        aimg_q <= d_q.act_addr;
        oimg_q <= d_q.out_addr;
        rimg_q <= d_q.res_addr;
        n_q <= '0;
        oy_q <= '0;
        ox_q <= '0;
        xax_q <= 1'b0;
        state_q <= S_JOB1;
      end
      S_JOB1: begin
        wm_q <= wm_q * (41'(d_q.kh) * (d_q.pack ? 41'd1 : 41'(d_q.kw)) * 41'(d_q.passes));
        ek1_y_q <= 9'((9'(d_q.kh) - 9'd1) * 9'(d_q.dy));
        ek1_x_q <= 9'((9'(d_q.kw) - 9'd1) * 9'(d_q.dx));
        state_q <= S_JOB2;
      end
      S_JOB2: begin
        state_q <= S_AX0;
      end
      S_AX0: begin
        len_q <= 17'(a_o0) + 17'(a_tile) > 17'(a_out) ? a_out - a_o0 : a_tile;
        clo_q <= $signed(20'(20'(a_o0) * 20'(a_ps))) - $signed(20'(a_pp));
        state_q <= S_AX1;
      end
      S_AX1: begin
        c0_q <= clo_q < 0 ? 20'sd0 : clo_q;
        clen_q <= (chi < $signed(20'(a_conv)) ? chi : $signed(20'(a_conv))) - (clo_q < 0 ? 20'sd0 : clo_q);
        state_q <= S_AX2;
      end
      S_AX2: begin
        ilo_q <= $signed(20'(20'(c0_q) * 20'(a_s))) - $signed(20'(a_pad));
        state_q <= S_AX3;
      end
      S_AX3: begin
        if (xax_q) begin
          ix_q <= ilo_q - i0;
          rows_px_q <= icut > i0 ? 16'(icut - i0) : '0;
          ix0_q <= 16'(i0);
        end else begin
          iy_q <= ilo_q - i0;
          iy0_q <= 16'(i0);
        end
        xax_q <= !xax_q;
        state_q <= xax_q ? S_ADDR0 : S_AX0;
      end
      S_ADDR0: begin
        roff_q <= 48'(iy0_q) * 48'(d_q.in_row);
        xb_q <= 32'(ix0_q) * 32'(in_px);
        ooff_q <= 48'(oy_q) * 48'(d_q.out_row) + 48'(ox_q) * 48'({d_q.out_px, 3'b0});
        if (d_q.res_mode != 2'(lxa_regs_pkg::RES_NONE))
          soff_q <= 48'(oy_q) * 48'(d_q.res_row) + 48'(ox_q) * 48'({d_q.res_px, 3'b0});
        astart_q <= AM'(AM'(iy_q) * pit) + AM'(AM'(ix_q) * px);
        last_q <= last_x && last_y && last_n;
        state_q <= S_ADDR1;
      end
      S_ADDR1: begin
        state_q <= S_PUSH;
      end
      S_PUSH: if (room_i) begin
        ox_q <= last_x ? '0 : ox_q + d_q.tile_w;
        if (last_x) oy_q <= last_y ? '0 : oy_q + d_q.tile_h;
        if (last_x && last_y) begin
          n_q <= n_q + 16'd1;
          aimg_q <= aimg_q + 64'(d_q.in_img);
          oimg_q <= oimg_q + 64'(d_q.out_img);
          rimg_q <= rimg_q + 64'(d_q.res_img);
        end
        state_q <= last_q ? S_IDLE : S_AX0;
      end
      default: state_q <= S_IDLE;
    endcase
    if (!rst_ni) begin
      state_q <= S_IDLE;
      job_q <= '0;
      xax_q <= 1'b0;
    end
  end

  // The job and the tile are written in processes that do not read them, so that simulation copies nothing.
  always_ff @(posedge clk_i) if (state_q == S_IDLE && job_valid_i) d_q <= job_i;

  always_ff @(posedge clk_i) begin
    case (state_q)
      S_JOB0: begin
        t_q.job <= job_q;
        t_q.first <= 1'b1;
        t_q.barrier <= d_q.barrier;
        t_q.lane <= d_q.lane;
        t_q.dual <= d_q.dual;
        t_q.halve <= d_q.halve;
        t_q.act_fmt <= d_q.act_fmt;
        t_q.wgt_fmt <= d_q.wgt_fmt;
        t_q.act_s <= d_q.act_s;
        t_q.wgt_s <= d_q.wgt_s;
        t_q.pack <= d_q.pack;
        t_q.pad_mode <= d_q.pad_mode;
        t_q.passes <= d_q.passes;
        t_q.planes <= d_q.act_fmt == 3'(lxa_regs_pkg::FMT_N4) ? d_q.a_bits : 3'd1;
        t_q.a_sign <= d_q.a_sign && d_q.act_fmt == 3'(lxa_regs_pkg::FMT_N4);
        t_q.w_sign <= d_q.w_sign && d_q.wgt_fmt == 3'(lxa_regs_pkg::WFMT_BITS);
        t_q.ocb <= d_q.ocb;
        t_q.icb <= d_q.icb;
        t_q.icb_total <= d_q.icb_total;
        t_q.grp_ocb <= d_q.grp_ocb;
        t_q.grp_icb <= d_q.grp_icb;
        t_q.mac_ic <= d_q.mac_ic;
        t_q.ic_tail <= d_q.ic_tail;
        t_q.oc_tail <= d_q.oc_tail;
        t_q.kh <= d_q.kh;
        t_q.kw <= d_q.pack ? 4'd1 : d_q.kw;
        t_q.dy <= d_q.dy;
        t_q.dx <= d_q.dx;
        t_q.sy <= d_q.sy;
        t_q.sx <= d_q.sx;
        t_q.kind <= d_q.kind;
        t_q.out_fmt <= d_q.out_fmt;
        t_q.log_s <= d_q.log_s;
        t_q.log_round <= d_q.log_round;
        t_q.nthr <= d_q.nthr;
        t_q.log_max <= d_q.log_max;
        t_q.log_off <= d_q.log_off;
        t_q.clamp_lo <= d_q.clamp_lo;
        t_q.clamp_hi <= d_q.clamp_hi;
        t_q.pool_h <= d_q.pool_h;
        t_q.pool_w <= d_q.pool_w;
        t_q.pool_sy <= d_q.pool_sy;
        t_q.pool_sx <= d_q.pool_sx;
        t_q.act_base <= d_q.act_addr;
        t_q.act_size <= d_q.act_size;
        t_q.wgt_base <= d_q.wgt_addr;
        t_q.wgt_size <= d_q.wgt_size;
        t_q.par_base <= d_q.par_addr;
        t_q.par_size <= d_q.par_size;
        t_q.out_base <= d_q.out_addr;
        t_q.out_size <= d_q.out_size;
        t_q.res_mode <= d_q.res_mode;
        t_q.res_fmt <= d_q.res_fmt;
        t_q.res_s <= d_q.res_s;
        t_q.res_shift <= d_q.res_shift;
        t_q.res_mult <= d_q.res_mult;
        t_q.res_base <= d_q.res_addr;
        t_q.res_size <= d_q.res_size;
        t_q.res_row <= d_q.res_row;
        t_q.res_px <= d_q.res_px;
        t_q.in_row <= d_q.in_row;
        t_q.out_row <= d_q.out_row;
        t_q.out_px <= d_q.out_px;
        t_q.act_pitch <= d_q.act_pitch;
        t_q.a_sx <= AM'(px * AM'(d_q.sx));
        t_q.a_sy <= AM'(pit * AM'(d_q.sy));
      end
      S_JOB1: begin
        t_q.a_dx <= AM'(px * AM'(d_q.dx));
        t_q.a_dy <= AM'(pit * AM'(d_q.dy));
      end
      S_JOB2: begin
        // 2^26 weight tiles do not fit any window: the loader meets its end, and the count must not wrap before
        if (wm_q[40:26] != '0) t_q.wgt_words <= '1;
        else t_q.wgt_words <= d_q.lane ? 32'(wm_q) * XNOR_WORDS : 32'(wm_q) * SHIFT_WORDS;
      end
      S_AX3: begin
        if (xax_q) begin
          t_q.tw <= len_q;
          t_q.wx <= clo_q - c0_q;
          t_q.cw <= (lxa_core_pkg::PM+1)'(clen_q);
          t_q.ix <= ilo_q - i0;
          t_q.xlim <= a_in - 16'(i0);
        end else begin
          t_q.th <= len_q;
          t_q.wy <= clo_q - c0_q;
          t_q.ch <= (lxa_core_pkg::PM+1)'(clen_q);
          t_q.iy <= ilo_q - i0;
          t_q.ylim <= a_in - 16'(i0);
          t_q.act_rows <= icut > i0 ? 16'(icut - i0) : '0;
        end
      end
      S_ADDR0: begin
        t_q.last <= last_x && last_y && last_n;
      end
      S_ADDR1: begin
        t_q.act_addr <= aimg_q + 64'(roff_q) + 64'({xb_q[31:WBL], WBL'(0)});
        t_q.out_addr <= oimg_q + 64'(ooff_q);
        t_q.res_addr <= rimg_q + 64'(soff_q);
        t_q.a_start <= astart_q + AM'(xb_q[WBL-1:0]);
        t_q.act_words <= 16'((35'(rows_px_q) * 35'(in_px) + 35'(xb_q[WBL-1:0]) +
                              (35'(WB) - 35'd1)) >> WBL);
      end
      S_PUSH: if (room_i) t_q.first <= 1'b0;
      default: ;
    endcase
  end

`ifndef SYNTHESIS
  initial begin
    assert (SHIFT_WORDS <= 64 && XNOR_WORDS <= 64);                      // 2^26 weight tiles: less than 2^32 words,
    assert ((SHIFT_WORDS == 0 || SHIFT_WORDS * WB >= 64) && (XNOR_WORDS == 0 || XNOR_WORDS * WB >= 64));  // 2^32 bytes
  end
  always_ff @(posedge clk_i) begin
    if (rst_ni) assert (state_q <= S_PUSH);
  end
`endif
endmodule
