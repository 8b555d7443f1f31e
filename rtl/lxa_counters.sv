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
  output logic [767:0] share_o,      // words 4..27 of a completion record
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

  logic [63:0] rd_inc, wr_inc, macs_inc;
  assign rd_inc = rd_beat_i ? BUS_BYTES : 64'd0;
  assign wr_inc = 64'(wr_bytes_i);
  assign macs_inc = 64'(macs_i);

  // free-running
  logic [63:0] cycles_q, busy_q, wgt_q, act_q, rd_q, out_q, wr_q, pipe_q, cmd_q, idle_q, macs_q, rdb_q, wrb_q, jobs_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      cycles_q <= '0;
      busy_q <= '0;
      wgt_q <= '0;
      act_q <= '0;
      rd_q <= '0;
      out_q <= '0;
      wr_q <= '0;
      pipe_q <= '0;
      cmd_q <= '0;
      idle_q <= '0;
      macs_q <= '0;
      rdb_q <= '0;
      wrb_q <= '0;
      jobs_q <= '0;
    end else begin
      cycles_q <= cycles_q + 64'd1;
      if (busy) busy_q <= busy_q + 64'd1;
      else begin
        if (st_wgt) wgt_q <= wgt_q + 64'd1;
        if (st_act) act_q <= act_q + 64'd1;
        if (st_rd) rd_q <= rd_q + 64'd1;
        if (st_out) out_q <= out_q + 64'd1;
        if (st_wr) wr_q <= wr_q + 64'd1;
        if (st_pipe) pipe_q <= pipe_q + 64'd1;
        if (st_cmd) cmd_q <= cmd_q + 64'd1;
        if (idle) idle_q <= idle_q + 64'd1;
      end
      if (macs_i != 16'd0) macs_q <= macs_q + macs_inc;
      if (rd_beat_i) rdb_q <= rdb_q + BUS_BYTES;
      if (wr_bytes_i != 16'd0) wrb_q <= wrb_q + wr_inc;
      if (job_done_i) jobs_q <= jobs_q + 64'd1;
    end
  end

  // this job's share: what was counted up to the previous cycle is visible; this cycle already belongs to the next one
  logic        fresh;
  logic [63:0] s_cycles_q, s_busy_q, s_wgt_q, s_act_q, s_rd_q, s_out_q, s_wr_q, s_pipe_q, s_cmd_q;
  logic [63:0] s_macs_q, s_rdb_q, s_wrb_q;

  assign fresh = sample_i || idle;
  assign share_o = {s_wrb_q, s_rdb_q, s_macs_q, s_cmd_q, s_pipe_q, s_wr_q, s_out_q, s_rd_q, s_act_q, s_wgt_q, s_busy_q,
                    s_cycles_q};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      s_cycles_q <= '0;
      s_busy_q <= '0;
      s_wgt_q <= '0;
      s_act_q <= '0;
      s_rd_q <= '0;
      s_out_q <= '0;
      s_wr_q <= '0;
      s_pipe_q <= '0;
      s_cmd_q <= '0;
      s_macs_q <= '0;
      s_rdb_q <= '0;
      s_wrb_q <= '0;
    end else if (fresh) begin
      s_cycles_q <= 64'(pending_i);
      s_busy_q <= 64'(busy);
      s_wgt_q <= 64'(st_wgt);
      s_act_q <= 64'(st_act);
      s_rd_q <= 64'(st_rd);
      s_out_q <= 64'(st_out);
      s_wr_q <= 64'(st_wr);
      s_pipe_q <= 64'(st_pipe);
      s_cmd_q <= 64'(st_cmd);
      s_macs_q <= macs_inc;
      s_rdb_q <= rd_inc;
      s_wrb_q <= wr_inc;
    end else begin
      s_cycles_q <= s_cycles_q + 64'd1;
      if (busy) s_busy_q <= s_busy_q + 64'd1;
      else begin
        if (st_wgt) s_wgt_q <= s_wgt_q + 64'd1;
        if (st_act) s_act_q <= s_act_q + 64'd1;
        if (st_rd) s_rd_q <= s_rd_q + 64'd1;
        if (st_out) s_out_q <= s_out_q + 64'd1;
        if (st_wr) s_wr_q <= s_wr_q + 64'd1;
        if (st_pipe) s_pipe_q <= s_pipe_q + 64'd1;
        if (st_cmd) s_cmd_q <= s_cmd_q + 64'd1;
      end
      if (macs_i != 16'd0) s_macs_q <= s_macs_q + macs_inc;
      if (rd_beat_i) s_rdb_q <= s_rdb_q + BUS_BYTES;
      if (wr_bytes_i != 16'd0) s_wrb_q <= s_wrb_q + wr_inc;
    end
  end

  // snapshot, in the order of the registers
  logic [895:0] snap_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) snap_q <= '0;
    else if (snapshot_i)
      snap_q <= {jobs_q, wrb_q, rdb_q, macs_q, idle_q, cmd_q, pipe_q, wr_q, out_q, rd_q, act_q, wgt_q, busy_q, cycles_q};
  end

  assign data_o = idx_i < 5'd28 ? snap_q[{5'd0, idx_i} * 32 +: 32] : 32'd0;

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      a_one_cause: assert ($onehot({busy, st_wgt, st_act, st_rd, st_out, st_wr, st_pipe, st_cmd, idle}));
      a_sum: assert (cycles_q == busy_q + wgt_q + act_q + rd_q + out_q + wr_q + pipe_q + cmd_q + idle_q);
      a_share: assert (s_cycles_q == s_busy_q + s_wgt_q + s_act_q + s_rd_q + s_out_q + s_wr_q + s_pipe_q + s_cmd_q);
    end
  end

endmodule
