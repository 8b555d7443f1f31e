// SPDX-License-Identifier: MIT
// Drain: walks over the outputs of a finished block, pixel by pixel, and sends an item a cycle down the output stage:
// for each group of OUT_LANES channels, each position of the pool window inside the convolution output, each parameter
// row. At the end of a job it waits until the outputs are in memory.
module lxa_drain #(
  localparam int unsigned PW = $clog2(lxa_cfg_pkg::ACC_PIXELS),
  localparam int unsigned MAX_OC = lxa_cfg_pkg::XNOR_OC > lxa_cfg_pkg::SHIFT_OC ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC,
  localparam int unsigned GW = $clog2(MAX_OC / lxa_cfg_pkg::OUT_LANES),
  localparam int unsigned PRW = GW + 3
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        push_i,
  input  lxa_core_pkg::tile_t         tile_i,
  output logic                        tile_o,      // pulse: a ring entry is free
  input  logic                        acc_full_i,  // pulse: an accumulator half is complete
  output logic                        acc_free_o,
  input  logic                        par_full_i,
  output logic                        par_free_o,
  input  logic                        res_valid_i, // the next group of the residual is here
  output logic                        res_take_o,
  input  logic                        en_i,        // the output stage moves
  input  logic                        empty_i,     // nothing in it, nor waiting to be written
  input  logic                        quiet_i,     // all writes are in memory
  output logic                        retire_o,    // pulse: a job's outputs are in memory
  output logic                        re_o,        // read parameters, and with row 0 the accumulators
  output logic                        acc_re_o,
  output logic [PW:0]   acc_o,
  output logic [GW-1:0] grp_o,
  output logic [PRW:0]  par_o,
  output lxa_core_pkg::item_t         item_o,
  output lxa_core_pkg::tile_t         cfg_o        // of the job whose items these are
);
  localparam int unsigned TW = lxa_core_pkg::TW;
  localparam int unsigned LANES = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned XOC = lxa_cfg_pkg::XNOR_OC;
  localparam int unsigned SOC = lxa_cfg_pkg::SHIFT_OC;

  typedef enum logic [2:0] { S_IDLE, S_WAIT, S_BLOCK, S_RUN, S_FLUSH, S_QUIET } state_t;
  state_t state_q;

  // verilator lint_off UNUSEDSIGNAL
  logic [$bits(tile_i)-1:0] ring_q [lxa_core_pkg::TILES];  // tiles; yosys takes an array of structures for bits of one
  // verilator lint_on UNUSEDSIGNAL
  lxa_core_pkg::tile_t t_q;
  logic [TW:0] wp_q, rp_q;
  logic [1:0] accs_q, pars_q;               // complete halves, complete buffers
  logic half_q, buf_q;
  logic [15:0] ocb_q;
  logic [19:0] boff_q;                      // byte offset of the block in a pixel
  logic [19:0] px_bytes;
  // of the block
  logic [GW:0] ng_q;                        // groups written
  logic [7:0] oc_q;                         // channels below OC
  logic [2:0] rows_q;
  logic [19:0] blk_bytes, grp_bytes;
  // loops
  logic [15:0] oy_q, ox_q;
  logic [GW:0] g_q;
  logic [2:0] r_q;
  logic [PRW-1:0] prow_q;                   // g * rows
  logic signed [19:0] wyr_q, wxr_q;         // window's origin, may lie outside
  logic signed [19:0] ys_q;                 // wyr * cw
  logic [lxa_core_pkg::PM:0] wy_q, wx_q, yb_q;            // position, its row's first pixel
  logic [19:0] ystep;
  logic [63:0] row_q, px_q, ga_q;           // output addresses: row, pixel, group
  logic [7:0] left_q;                       // oc - g * LANES, not below 0

  logic signed [19:0] y1, x1;               // window's end inside the tile
  logic r_end, wx_end, wy_end, g_end, ox_end, oy_end, win_end, blk_end;
  logic load, need_res;

  // Worked out only where they are used: simulation is faster for it.
  always_comb begin
    px_bytes = '0;
    grp_bytes = '0;
    blk_bytes = '0;
    if (state_q == S_BLOCK || state_q == S_RUN) begin
      px_bytes = {1'b0, t_q.out_px, 3'b0};
      case (t_q.out_fmt)
        3'(lxa_regs_pkg::OFMT_B1): grp_bytes = 20'(LANES / 8);
        3'(lxa_regs_pkg::OFMT_N4): grp_bytes = 20'(LANES / 2);
        3'(lxa_regs_pkg::OFMT_B8): grp_bytes = 20'(LANES);
        3'(lxa_regs_pkg::OFMT_W32): grp_bytes = 20'(LANES * 4);
        default: grp_bytes = 20'(LANES * 8);
      endcase
      blk_bytes = t_q.lane ? grp_bytes * 20'(XOC / LANES) : grp_bytes * 20'(SOC / LANES);
    end
  end

  function automatic logic [lxa_core_pkg::PM:0] inside0(input logic signed [19:0] v);
    inside0 = v < 0 ? '0 : (lxa_core_pkg::PM+1)'(v);
  endfunction

  always_comb begin
    {ystep, y1, x1} = '0;
    {r_end, wx_end, wy_end, win_end, g_end, ox_end, oy_end, blk_end} = '0;
    if (re_o) begin
      ystep = 20'(t_q.pool_sy) * 20'(t_q.cw);
      y1 = wyr_q + $signed(20'(t_q.pool_h));
      x1 = wxr_q + $signed(20'(t_q.pool_w));
      r_end = r_q + 3'd1 == rows_q;
      wx_end = wx_q + 1'b1 >= t_q.cw || $signed(20'(wx_q)) + 20'sd1 >= x1;
      wy_end = wy_q + 1'b1 >= t_q.ch || $signed(20'(wy_q)) + 20'sd1 >= y1;
      win_end = wx_end && wy_end;
      g_end = g_q + 1'b1 == ng_q;
      ox_end = ox_q + 16'd1 == t_q.tw;
      oy_end = oy_q + 16'd1 == t_q.th;
      blk_end = r_end && win_end && g_end && ox_end && oy_end;
    end
  end

  assign load = state_q == S_IDLE && wp_q != rp_q && accs_q != 2'd0;
  assign tile_o = load;
  // A group with a channel below OC waits for its residual at its first row; the others write 0.
  assign need_res = t_q.res_mode != 2'(lxa_regs_pkg::RES_NONE) && r_q == 3'd0 && left_q != 8'd0;
  assign re_o = state_q == S_RUN && en_i && (!need_res || res_valid_i);
  assign res_take_o = re_o && need_res;
  assign acc_re_o = re_o && r_q == 3'd0;
  assign acc_o = {half_q, PW'(yb_q + wx_q)};
  assign grp_o = g_q[GW-1:0];
  assign par_o = {buf_q, prow_q + PRW'(r_q)};
  assign acc_free_o = (re_o && blk_end) || (state_q == S_BLOCK && boff_q >= px_bytes);
  assign par_free_o = acc_free_o;
  assign retire_o = state_q == S_QUIET && quiet_i;
  assign cfg_o = t_q;

  lxa_core_pkg::item_t item_q;
  assign item_o = item_q;

  // The tile is held in a process of its own: what reads it does not write it, so that simulation copies nothing.
  always_ff @(posedge clk_i) if (load) t_q <= ring_q[rp_q[TW-1:0]];

  always_ff @(posedge clk_i) begin
    if (push_i) begin
      // verilator lint_off BLKSEQ
      ring_q[wp_q[TW-1:0]] = tile_i;         // nobody reads this entry now: blocking, so that simulation keeps no copy
      // verilator lint_on BLKSEQ
      wp_q <= wp_q + 1'b1;
    end
    if (en_i && !re_o) item_q.valid <= 1'b0;
    case (state_q)
      S_IDLE: if (load) begin
        rp_q <= rp_q + 1'b1;
        ocb_q <= '0;
        boff_q <= '0;
        state_q <= S_WAIT;
      end
      S_WAIT: if (accs_q != 2'd0 && pars_q != 2'd0) state_q <= S_BLOCK;
      S_BLOCK: begin
        rows_q <= 3'((6'(t_q.nthr) + 6'd6) >> 2);
        oc_q <= ocb_q + 16'd1 == t_q.ocb ? t_q.oc_tail : t_q.lane ? 8'(XOC) : 8'(SOC);
        left_q <= ocb_q + 16'd1 == t_q.ocb ? t_q.oc_tail : t_q.lane ? 8'(XOC) : 8'(SOC);
        if (px_bytes - boff_q >= blk_bytes) ng_q <= t_q.lane ? (GW+1)'(XOC / LANES) : (GW+1)'(SOC / LANES);
        else begin
          case (t_q.out_fmt)
            3'(lxa_regs_pkg::OFMT_B1): ng_q <= (GW+1)'((px_bytes - boff_q) >> $clog2(LANES / 8));
            3'(lxa_regs_pkg::OFMT_N4): ng_q <= (GW+1)'((px_bytes - boff_q) >> $clog2(LANES / 2));
            3'(lxa_regs_pkg::OFMT_B8): ng_q <= (GW+1)'((px_bytes - boff_q) >> $clog2(LANES));
            3'(lxa_regs_pkg::OFMT_W32): ng_q <= (GW+1)'((px_bytes - boff_q) >> $clog2(LANES * 4));
            default: ng_q <= (GW+1)'((px_bytes - boff_q) >> $clog2(LANES * 8));
          endcase
        end
        oy_q <= '0;
        ox_q <= '0;
        g_q <= '0;
        r_q <= '0;
        prow_q <= '0;
        wyr_q <= t_q.wy;
        wxr_q <= t_q.wx;
        ys_q <= 20'(t_q.wy * $signed(20'(t_q.cw)));
        wy_q <= inside0(t_q.wy);
        wx_q <= inside0(t_q.wx);
        yb_q <= '0;                          // a tile's first window starts in its first row
        row_q <= t_q.out_addr + 64'(boff_q);
        px_q <= t_q.out_addr + 64'(boff_q);
        ga_q <= t_q.out_addr + 64'(boff_q);
        state_q <= S_RUN;
      end
      S_RUN: if (re_o) begin
        // one value, in the order of item_t
        item_q <= {
          1'b1, r_q, r_end,
          $signed(20'(wx_q)) == (wxr_q < 0 ? 20'sd0 : wxr_q) && $signed(20'(wy_q)) == (wyr_q < 0 ? 20'sd0 : wyr_q),   // win_first
          win_end, g_end, left_q, ga_q
        };
        r_q <= r_q + 3'd1;
        if (r_end) begin
          r_q <= '0;
          wx_q <= wx_q + 1'b1;
          if (wx_end) begin
            wx_q <= inside0(wxr_q);
            wy_q <= wy_q + 1'b1;
            yb_q <= yb_q + t_q.cw;
            if (wy_end) begin
              wy_q <= inside0(wyr_q);
              yb_q <= inside0(ys_q);
              g_q <= g_q + 1'b1;
              prow_q <= prow_q + PRW'(rows_q);
              ga_q <= ga_q + 64'(grp_bytes);
              left_q <= left_q > 8'(LANES) ? left_q - 8'(LANES) : 8'd0;
              if (g_end) begin
                g_q <= '0;
                prow_q <= '0;
                left_q <= oc_q;
                ox_q <= ox_q + 16'd1;
                wxr_q <= wxr_q + $signed(20'(t_q.pool_sx));
                wx_q <= inside0(wxr_q + $signed(20'(t_q.pool_sx)));
                px_q <= px_q + 64'(px_bytes);
                ga_q <= px_q + 64'(px_bytes);
                if (ox_end) begin
                  ox_q <= '0;
                  oy_q <= oy_q + 16'd1;
                  wxr_q <= t_q.wx;
                  wx_q <= inside0(t_q.wx);
                  wyr_q <= wyr_q + $signed(20'(t_q.pool_sy));
                  wy_q <= inside0(wyr_q + $signed(20'(t_q.pool_sy)));
                  ys_q <= ys_q + $signed(ystep);
                  yb_q <= inside0(ys_q + $signed(ystep));
                  row_q <= row_q + 64'(t_q.out_row);
                  px_q <= row_q + 64'(t_q.out_row);
                  ga_q <= row_q + 64'(t_q.out_row);
                end
              end
            end
          end
        end
      end
      S_FLUSH: if (empty_i) state_q <= S_QUIET;
      S_QUIET: if (quiet_i) state_q <= S_IDLE;
      default: state_q <= S_IDLE;
    endcase
    if (acc_free_o) begin
      half_q <= !half_q;
      buf_q <= !buf_q;
      ocb_q <= ocb_q + 16'd1;
      boff_q <= boff_q + blk_bytes;
      state_q <= ocb_q + 16'd1 != t_q.ocb ? S_WAIT : t_q.last ? S_FLUSH : S_IDLE;
    end
    accs_q <= accs_q + 2'(acc_full_i) - 2'(acc_free_o);
    pars_q <= pars_q + 2'(par_full_i) - 2'(par_free_o);
    if (!rst_ni) begin
      state_q <= S_IDLE;
      wp_q <= '0;
      rp_q <= '0;
      half_q <= 1'b0;
      buf_q <= 1'b0;
      accs_q <= '0;
      pars_q <= '0;
      item_q.valid <= 1'b0;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (state_q <= S_QUIET);
      assert (accs_q != 2'd3 && pars_q != 2'd3);
      assert (!acc_free_o || (accs_q != 2'd0 && pars_q != 2'd0));
      assert (!acc_full_i || accs_q != 2'd2);
      assert (!par_full_i || pars_q != 2'd2);
      assert (!push_i || (wp_q - rp_q) != (TW+1)'(lxa_core_pkg::TILES));
    end
  end
`endif
endmodule
