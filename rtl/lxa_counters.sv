// SPDX-License-Identifier: MIT
// Performance counters: free-running, their snapshot for software, and each job's share.
//
// Every cycle belongs to exactly one of BUSY, the ST_ causes and IDLE; the share of a job collects the cycles that are
// not IDLE since the previous job's completion, and is zero while there is no work, so the CYCLES of a record is the sum
// of its parts and does not depend on how long the device was idle before.
module lxa_counters (
  input  logic         clk_i,
  input  logic         rst_ni,
  // what happens in this cycle
  input  logic         pending_i,    // there is a job that has not been completed
  input  logic [2:0]   state_i,      // of the array, see lxa_core
  input  logic [15:0]  macs_i,
  input  logic         rd_beat_i,
  input  logic         wr_refused_i, // wvalid && !wready
  input  logic [15:0]  wr_bytes_i,
  input  logic         job_done_i,
  // readers
  input  logic         sample_i,     // the share has been taken: start the next job's
  output logic [767:0] share_o,      // words 4..27 of a completion record: as of the last sample
  input  logic         snapshot_i,
  input  logic [4:0]   idx_i,        // word of the snapshot: (offset - 0x100) / 4
  output logic [31:0]  data_o
);

  localparam logic [63:0] BUS_BYTES = {32'd0, lxa_cfg_pkg::BUS_W / 8};
  // array states
  localparam logic [2:0] NOJOB = 3'd0, BUSY = 3'd1, WAIT_WGT = 3'd2, WAIT_ACT = 3'd3, WAIT_OUT = 3'd4;

  logic busy, st_wgt, st_act, st_rd, st_out, st_wr, st_pipe, st_cmd, idle, wait_in;

  assign wait_in = pending_i && (state_i == WAIT_WGT || state_i == WAIT_ACT);
  assign busy = pending_i && state_i == BUSY;
  assign st_rd = wait_in && rd_beat_i;
  assign st_wgt = wait_in && !rd_beat_i && state_i == WAIT_WGT;
  assign st_act = wait_in && !rd_beat_i && state_i == WAIT_ACT;
  assign st_wr = pending_i && state_i == WAIT_OUT && wr_refused_i;
  assign st_out = pending_i && state_i == WAIT_OUT && !wr_refused_i;
  assign st_cmd = pending_i && state_i == NOJOB;
  assign st_pipe = pending_i && state_i > WAIT_OUT;
  assign idle = !pending_i;

  // Free-running, and this job's share: what was counted up to the previous cycle is visible, this cycle already belongs to
  // the next job. All in one process that alone reads and writes them, in blocking assignments, so that a cycle's
  // simulation touches the two or three counters that move and copies none.
  logic [63:0] cycles_q, busy_q, wgt_q, act_q, rd_q, out_q, wr_q, pipe_q, cmd_q, idle_q, macs_q, rdb_q, wrb_q, jobs_q;
  logic [63:0] s_cycles_q, s_busy_q, s_wgt_q, s_act_q, s_rd_q, s_out_q, s_wr_q, s_pipe_q, s_cmd_q;
  logic [63:0] s_macs_q, s_rdb_q, s_wrb_q;
  logic [767:0] share_q;
  logic [895:0] snap_q;   // in the order of the registers

  assign share_o = share_q;

  always_ff @(posedge clk_i) begin
    if (sample_i)
      share_q <= {s_wrb_q, s_rdb_q, s_macs_q, s_cmd_q, s_pipe_q, s_wr_q, s_out_q, s_rd_q, s_act_q, s_wgt_q, s_busy_q,
                  s_cycles_q};
    if (snapshot_i)
      snap_q <= {jobs_q, wrb_q, rdb_q, macs_q, idle_q, cmd_q, pipe_q, wr_q, out_q, rd_q, act_q, wgt_q, busy_q, cycles_q};
    // verilator lint_off BLKSEQ
    if (sample_i || idle) begin
      s_cycles_q = '0;
      s_busy_q = '0;
      s_wgt_q = '0;
      s_act_q = '0;
      s_rd_q = '0;
      s_out_q = '0;
      s_wr_q = '0;
      s_pipe_q = '0;
      s_cmd_q = '0;
      s_macs_q = '0;
      s_rdb_q = '0;
      s_wrb_q = '0;
    end
    cycles_q = cycles_q + 64'd1;
    if (idle) idle_q = idle_q + 64'd1;
    else begin
      s_cycles_q = s_cycles_q + 64'd1;
      if (busy) begin
        busy_q = busy_q + 64'd1;
        s_busy_q = s_busy_q + 64'd1;
      end else if (st_wgt) begin
        wgt_q = wgt_q + 64'd1;
        s_wgt_q = s_wgt_q + 64'd1;
      end else if (st_act) begin
        act_q = act_q + 64'd1;
        s_act_q = s_act_q + 64'd1;
      end else if (st_rd) begin
        rd_q = rd_q + 64'd1;
        s_rd_q = s_rd_q + 64'd1;
      end else if (st_out) begin
        out_q = out_q + 64'd1;
        s_out_q = s_out_q + 64'd1;
      end else if (st_wr) begin
        wr_q = wr_q + 64'd1;
        s_wr_q = s_wr_q + 64'd1;
      end else if (st_pipe) begin
        pipe_q = pipe_q + 64'd1;
        s_pipe_q = s_pipe_q + 64'd1;
      end else begin
        cmd_q = cmd_q + 64'd1;
        s_cmd_q = s_cmd_q + 64'd1;
      end
    end
    if (macs_i != 16'd0) begin
      macs_q = macs_q + 64'(macs_i);
      s_macs_q = s_macs_q + 64'(macs_i);
    end
    if (rd_beat_i) begin
      rdb_q = rdb_q + BUS_BYTES;
      s_rdb_q = s_rdb_q + BUS_BYTES;
    end
    if (wr_bytes_i != 16'd0) begin
      wrb_q = wrb_q + 64'(wr_bytes_i);
      s_wrb_q = s_wrb_q + 64'(wr_bytes_i);
    end
    if (job_done_i) jobs_q = jobs_q + 64'd1;
    if (!rst_ni) begin
      cycles_q = '0;
      busy_q = '0;
      wgt_q = '0;
      act_q = '0;
      rd_q = '0;
      out_q = '0;
      wr_q = '0;
      pipe_q = '0;
      cmd_q = '0;
      idle_q = '0;
      macs_q = '0;
      rdb_q = '0;
      wrb_q = '0;
      jobs_q = '0;
      s_cycles_q = '0;
      s_busy_q = '0;
      s_wgt_q = '0;
      s_act_q = '0;
      s_rd_q = '0;
      s_out_q = '0;
      s_wr_q = '0;
      s_pipe_q = '0;
      s_cmd_q = '0;
      s_macs_q = '0;
      s_rdb_q = '0;
      s_wrb_q = '0;
      snap_q <= '0;
    end else begin
      a_one_cause: assert ($onehot({busy, st_wgt, st_act, st_rd, st_out, st_wr, st_pipe, st_cmd, idle}));
      a_sum: assert (cycles_q == busy_q + wgt_q + act_q + rd_q + out_q + wr_q + pipe_q + cmd_q + idle_q);
      a_share: assert (s_cycles_q == s_busy_q + s_wgt_q + s_act_q + s_rd_q + s_out_q + s_wr_q + s_pipe_q + s_cmd_q);
    end
    // verilator lint_on BLKSEQ
  end

  assign data_o = idx_i < 5'd28 ? snap_q[{5'd0, idx_i} * 32 +: 32] : 32'd0;

endmodule
