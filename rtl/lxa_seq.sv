// SPDX-License-Identifier: MIT
// Sequencer: for each tile and block of output channels walks over passes, kernel taps and input blocks (a step each),
// and within a step over planes of the activations and the convolution pixels of the tile, one a cycle. Says in each cycle what the array did.
module lxa_seq #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned AW = $clog2(lxa_cfg_pkg::ACT_BYTES)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                push_i,
  input  lxa_core_pkg::tile_t tile_i,
  input  logic                tiler_busy_i,
  input  logic                ring_full_i,
  input  logic                jobs_open_i,   // some accepted job has not completed
  input  logic                act_full_i,    // pulse: an activation half was filled
  output logic                act_free_o,    // pulse: read for the last time
  input  logic                wgt_ready_i,
  output logic                wgt_use_o,
  input  logic                acc_free_i,    // pulse: the drain has read an accumulator half
  output logic                acc_full_o,    // pulse: a half is complete
  output logic                re_o,          // scratchpad read
  output logic                both_o,        // of two words
  output logic [AW-WBL:0] raddr_o,
  output lxa_core_pkg::op_t   op_o,          // goes with the word read in the cycle before
  output logic [2:0]          state_o,
  output logic [15:0]         macs_o,
  output logic                macs_idle_o
);
  localparam int unsigned TW = lxa_core_pkg::TW;
  localparam int unsigned AM = lxa_core_pkg::AM;
  localparam int unsigned GX = $clog2(lxa_cfg_pkg::XNOR_IC / 8);
  localparam int unsigned GN = $clog2(lxa_cfg_pkg::SHIFT_IC / 2);
  localparam bit N4_TWO = 4 * lxa_cfg_pkg::XNOR_IC > lxa_cfg_pkg::WORD_W; // a block of nibbles fills two words

  // verilator lint_off UNUSEDSIGNAL
  lxa_core_pkg::tile_t head;             // scratch: the tile that is taken
  logic [$bits(tile_i)-1:0] ring_q [lxa_core_pkg::TILES];  // tiles; yosys takes an array of structures for bits of one
  lxa_core_pkg::tile_t t_q;
  // verilator lint_on UNUSEDSIGNAL
  logic [TW:0] wp_q, rp_q;
  logic run_q, ahalf_q, chalf_q;
  logic [1:0] act_q;                     // activation halves filled
  logic [1:0] acc_q;                     // accumulator halves in use

  // step counters
  logic [15:0] ocb_q, gcnt_q, icb_q, sblk_q;
  logic [2:0] pass_q, plane_q;
  logic [3:0] ky_q, kx_q;
  logic first_q;                         // first step of a block
  // pixel counters
  logic [lxa_core_pkg::PM:0] cy_q, cx_q;
  logic [lxa_core_pkg::PM-1:0] pix_q;
  logic head_q;                          // first pixel of a step
  logic again_q;                         // the pixel's accumulator is being written: it cannot be read now
  logic signed [19:0] iy_q, ix_q, iy0_q, ix0_q;
  logic [AM-1:0] addr_q, row_q, tap_q, tapy_q, blk_q, sblka_q;
  logic [AM-1:0] gsz, gmove;             // bytes of an input block, of a group's step
  logic half_used_q;                     // the accumulator half of this block is taken
  logic [31:0] mac_px_q;
  logic [39:0] pool_q;
  lxa_core_pkg::op_t op_q;
  logic done1_q, done2_q;

  logic load, issue, in_img, row_end, pix_end, plane_end, step_end, icb_end, kx_end, ky_end, pass_end, ocb_end, wait_acc;

  logic is_nib, is_n4, is_bits;
  assign is_nib = t_q.act_fmt == 3'(lxa_regs_pkg::FMT_LOG4);
  assign is_n4 = t_q.act_fmt == 3'(lxa_regs_pkg::FMT_N4);
  assign is_bits = t_q.wgt_fmt == 3'(lxa_regs_pkg::WFMT_BITS);
  always_comb begin
    gsz = '0;
    gmove = '0;
    if (step_end) begin
      gsz = t_q.lane ? (is_n4 ? AM'(4 << GX) : AM'(1 << GX)) : is_nib ? AM'(1 << GN) : AM'(2 << GN);
      gmove = t_q.lane ? (is_n4 ? AM'({t_q.grp_icb, (GX+2)'(0)}) : AM'({t_q.grp_icb, GX'(0)})) :
              is_nib ? AM'({t_q.grp_icb, GN'(0)}) : AM'({t_q.grp_icb, (GN+1)'(0)});
    end
  end

  assign load = !run_q && wp_q != rp_q && act_q != 2'd0;
  assign wait_acc = head_q && !half_used_q && acc_q == 2'd2;
  assign issue = run_q && !again_q && !(head_q && (wait_acc || !wgt_ready_i));
  assign in_img = !iy_q[19] && !ix_q[19] && iy_q[18:0] < 19'(t_q.ylim) && ix_q[18:0] < 19'(t_q.xlim);
  assign row_end = cx_q + 1'b1 == t_q.cw;
  assign pix_end = row_end && cy_q + 1'b1 == t_q.ch;
  assign plane_end = plane_q + 3'd1 == t_q.planes;
  assign step_end = pix_end && plane_end;
  assign icb_end = icb_q + 16'd1 == t_q.icb;
  always_comb begin
    {kx_end, ky_end, pass_end, ocb_end} = '0;
    if (step_end) begin
      kx_end = kx_q + 4'd1 == t_q.kw;
      ky_end = ky_q + 4'd1 == t_q.kh;
      pass_end = pass_q + 3'd1 == t_q.passes;
      ocb_end = ocb_q + 16'd1 == t_q.ocb;
    end
  end

  logic blk_end, tile_end;               // last operation of a block, of a tile
  assign blk_end = step_end && icb_end && kx_end && ky_end && pass_end;
  assign tile_end = blk_end && ocb_end;

  // linear, wbits, plane, sh, neg of the operation
  logic [7:0] planes;
  always_comb begin
    planes = '0;
    if (t_q.lane && (is_n4 || is_bits))
      planes = {1'b1, is_bits, plane_q[1:0], plane_q + (is_bits ? pass_q : 3'd0),
                (t_q.a_sign && plane_end) != (t_q.w_sign && pass_q + 3'd1 == t_q.passes)};
  end

  assign re_o = issue && in_img;
  assign both_o = t_q.pack || (N4_TWO && is_n4);
  assign raddr_o = {ahalf_q, addr_q[AW-1:WBL]};
  assign wgt_use_o = issue && head_q;
  assign act_free_o = issue && tile_end;

  assign op_o = op_q;
  assign acc_full_o = done2_q;

  // The tile is held in a process of its own: what reads it does not write it, so that simulation copies nothing.
  always_ff @(posedge clk_i) if (load) t_q <= ring_q[rp_q[TW-1:0]];

  always_ff @(posedge clk_i) begin
    if (push_i) begin
      // verilator lint_off BLKSEQ
      ring_q[wp_q[TW-1:0]] = tile_i;         // nobody reads this entry now: blocking, so that simulation keeps no copy
      // verilator lint_on BLKSEQ
      wp_q <= wp_q + 1'b1;
    end
    if (load) begin
      // verilator lint_off BLKSEQ
      head = ring_q[rp_q[TW-1:0]];
      // verilator lint_on BLKSEQ
      rp_q <= rp_q + 1'b1;
      run_q <= 1'b1;
      iy_q <= head.iy;
      ix_q <= head.ix;
      iy0_q <= head.iy;
      ix0_q <= head.ix;
      addr_q <= head.a_start;
      row_q <= head.a_start;
      tap_q <= head.a_start;
      tapy_q <= head.a_start;
      mac_px_q <= 32'(head.mac_ic) *
                  (head.ocb == 16'd1 ? 32'(head.oc_tail) :
                   head.lane ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC);
      ocb_q <= '0;
      gcnt_q <= 16'd1;
      icb_q <= '0;
      sblk_q <= '0;
      blk_q <= '0;
      sblka_q <= '0;
      pass_q <= '0;
      plane_q <= '0;
      ky_q <= '0;
      kx_q <= '0;
      first_q <= 1'b1;
      head_q <= 1'b1;
      cy_q <= '0;
      cx_q <= '0;
      pix_q <= '0;
      half_used_q <= 1'b0;
    end
    if (issue) begin
      head_q <= 1'b0;
      half_used_q <= 1'b1;
      pix_q <= pix_q + 1'b1;
      cx_q <= cx_q + 1'b1;
      ix_q <= ix_q + $signed(20'(t_q.sx));
      addr_q <= addr_q + t_q.a_sx;
      if (row_end) begin
        cx_q <= '0;
        ix_q <= ix0_q;
        cy_q <= cy_q + 1'b1;
        iy_q <= iy_q + $signed(20'(t_q.sy));
        row_q <= row_q + t_q.a_sy;
        addr_q <= row_q + t_q.a_sy;
      end
      if (pix_end) begin
        pix_q <= '0;
        cy_q <= '0;
        iy_q <= iy0_q;
        plane_q <= plane_q + 3'd1;
        row_q <= tap_q + blk_q;
        addr_q <= tap_q + blk_q;
      end
      if (step_end) begin
        head_q <= 1'b1;
        first_q <= 1'b0;
        plane_q <= '0;
        icb_q <= icb_q + 16'd1;
        blk_q <= blk_q + gsz;
        row_q <= tap_q + blk_q + gsz;
        addr_q <= tap_q + blk_q + gsz;
        if (icb_end) begin
          icb_q <= '0;
          blk_q <= sblka_q;
          kx_q <= kx_q + 4'd1;
          ix0_q <= ix0_q + $signed(20'(t_q.dx));
          ix_q <= ix0_q + $signed(20'(t_q.dx));
          tap_q <= tap_q + t_q.a_dx;
          row_q <= tap_q + t_q.a_dx + sblka_q;
          addr_q <= tap_q + t_q.a_dx + sblka_q;
          if (kx_end) begin
            kx_q <= '0;
            ix0_q <= t_q.ix;
            ix_q <= t_q.ix;
            ky_q <= ky_q + 4'd1;
            iy0_q <= iy0_q + $signed(20'(t_q.dy));
            iy_q <= iy0_q + $signed(20'(t_q.dy));
            tapy_q <= tapy_q + t_q.a_dy;
            tap_q <= tapy_q + t_q.a_dy;
            row_q <= tapy_q + t_q.a_dy + sblka_q;
            addr_q <= tapy_q + t_q.a_dy + sblka_q;
            if (ky_end) begin
              ky_q <= '0;
              iy0_q <= t_q.iy;
              iy_q <= t_q.iy;
              tapy_q <= t_q.a_start;
              tap_q <= t_q.a_start;
              row_q <= t_q.a_start + sblka_q;
              addr_q <= t_q.a_start + sblka_q;
              pass_q <= pass_q + 3'd1;
              if (pass_end) begin
                pass_q <= '0;
                first_q <= 1'b1;
                half_used_q <= 1'b0;
                chalf_q <= !chalf_q;
                ocb_q <= ocb_q + 16'd1;
                mac_px_q <= 32'(t_q.mac_ic) * (ocb_q + 16'd2 == t_q.ocb ? 32'(t_q.oc_tail) :
                                               t_q.lane ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC);
                gcnt_q <= gcnt_q + 16'd1;
                if (gcnt_q == t_q.grp_ocb) begin
                  gcnt_q <= 16'd1;
                  sblk_q <= sblk_q + t_q.grp_icb;
                  sblka_q <= sblka_q + gmove;
                  blk_q <= sblka_q + gmove;
                  row_q <= t_q.a_start + sblka_q + gmove;
                  addr_q <= t_q.a_start + sblka_q + gmove;
                end
                if (ocb_end) run_q <= 1'b0;
              end
            end
          end
        end
      end
    end
    // one pixel, the next plane: the same accumulator in the next cycle
    again_q <= issue && pix_end && !plane_end && pix_q == '0;
    if (act_free_o) ahalf_q <= !ahalf_q;
    act_q <= act_q + 2'(act_full_i) - 2'(act_free_o);
    acc_q <= acc_q + 2'(issue && head_q && !half_used_q) - 2'(acc_free_i);
    // One value, in the order of op_t: assignments to the fields would each read and write the whole in simulation.
    if (issue) begin
      op_q <= {
        1'b1, t_q.lane, t_q.act_fmt, t_q.act_s, in_img, t_q.pad_mode, t_q.pack,
        sblk_q + icb_q + 16'd1 == t_q.icb_total ? t_q.ic_tail :
        t_q.lane ? 8'(lxa_cfg_pkg::XNOR_IC) : 8'(lxa_cfg_pkg::SHIFT_IC),                  // n
        planes, first_q && plane_q == 3'd0, head_q, blk_end, chalf_q, pix_q, 8'(addr_q[WBL-1:0])
      };
    end else op_q.valid <= 1'b0;
    done1_q <= op_q.valid && op_q.last;
    done2_q <= done1_q;
    if (!rst_ni) begin
      wp_q <= '0;
      rp_q <= '0;
      run_q <= 1'b0;
      head_q <= 1'b0;
      again_q <= 1'b0;
      half_used_q <= 1'b0;
      ahalf_q <= 1'b0;
      chalf_q <= 1'b0;
      act_q <= '0;
      acc_q <= '0;
      op_q.valid <= 1'b0;
      done1_q <= 1'b0;
      done2_q <= 1'b0;
    end
  end

  // Useful MACs: counted at the last input block of each tap, in the first pass and plane; more than 16 bits at once are handed out in portions.
  assign macs_o = pool_q[39:16] != '0 ? 16'hffff : pool_q[15:0];
  assign macs_idle_o = pool_q == '0;
  always_ff @(posedge clk_i) begin
    pool_q <= pool_q - 40'(macs_o) + (issue && icb_end && pass_q == 3'd0 && plane_q == 3'd0 ? 40'(mac_px_q) : 40'd0);
    if (!rst_ni) pool_q <= '0;
  end

  always_comb begin
    if (issue) state_o = lxa_core_pkg::ST_BUSY;
    else if (run_q) state_o = again_q ? lxa_core_pkg::ST_PIPE : wait_acc ? lxa_core_pkg::ST_OUT : lxa_core_pkg::ST_WGT;
    else if (wp_q != rp_q) state_o = load ? lxa_core_pkg::ST_PIPE : lxa_core_pkg::ST_ACT;
    else if (tiler_busy_i && !ring_full_i) state_o = lxa_core_pkg::ST_PIPE;
    else if (tiler_busy_i || jobs_open_i) state_o = lxa_core_pkg::ST_OUT;
    else state_o = lxa_core_pkg::ST_NOJOB;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!act_full_i || act_q != 2'd2);
      assert (!acc_free_i || acc_q != 2'd0);
      assert (acc_q != 2'd3 && act_q != 2'd3);
      assert (!push_i || (wp_q - rp_q) != (TW+1)'(lxa_core_pkg::TILES));
    end
  end
`endif
endmodule
