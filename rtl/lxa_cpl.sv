// SPDX-License-Identifier: MIT
// Completion writer: keeps the jobs that were dispatched, in order; when the oldest is done it writes its record, counts
// it and asks for the interrupt. It also finds whose job an access that failed belongs to.
//
// The core reports a job as done when all its output has been acknowledged by the bus. The record's first 16 bytes
// (SEQ, STATUS, STREAM, COUNT) are written last, COUNT with the last word, and CPL_COUNT and the interrupt move only when the bus has acknowledged
// the whole record (records follow each other without waiting for that): software that reads CPL_COUNT, or sees a fresh COUNT, may read the record and the job's output.
module lxa_cpl (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  input  logic                           stop_i,
  // dispatched jobs
  input  logic                           push_i,
  input  logic                           push_nop_i,
  /* verilator lint_off UNUSED */  // only what is needed until it is done
  input  lxa_regs_pkg::desc_t            job_i,
  /* verilator lint_on UNUSED */
  output logic                           full_o,
  output logic                           empty_o,
  output logic [31:0]                    seq_o,  // of the oldest, or of the last completed when there is none
  // core
  input  logic                           done_valid_i,
  output logic                           done_ready_o,
  // registers and counters
  input  logic [63:0]                    cpl_base_i,
  input  logic [4:0]                     ring_log2_i,
  output logic [31:0]                    count_o,
  output logic                           done_o,      // a record is in memory
  output logic                           irq_o,       // ... and its job wants an interrupt
  output logic                           sample_o,
  input  logic [767:0]                   share_i,    // as of sample_o, from the next cycle on
  // write DMA
  output logic                           wr_valid_o,
  input  logic                           wr_ready_i,
  output logic [63:0]                    wr_addr_o,
  output logic [lxa_cfg_pkg::WORD_W-1:0] wr_data_o,
  output logic                           wr_last_o,
  input  logic                           wr_ack_i,   // a record is in memory
  output logic                           busy_o,     // a record has begun
  // whose access was it: started by blame_i, blame_seq_o is valid in the cycle after blame_done_o
  input  logic                           blame_i,
  input  lxa_fe_pkg::err_t               err_i,
  output logic                           blame_done_o,
  output logic [31:0]                    blame_seq_o
);

  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned REC_WORDS = 1024 / WORD_W;
  localparam int unsigned JOBS_LOG2 = lxa_fe_pkg::JOBS_LOG2;
  localparam int unsigned JOBS = 1 << JOBS_LOG2;
  localparam int unsigned WB_LOG2 = $clog2(WORD_W / 8);
  localparam int unsigned HEAD = WORD_W < 128 ? 128 / WORD_W : 1;  // words that hold SEQ, STATUS, STREAM, COUNT: they come last
  localparam logic [3:0]  FIRST = REC_WORDS > HEAD ? 4'(HEAD) : 4'd0;

  // ---- dispatched jobs ---------------------------------------------------------------------------
  logic                 nop_q [0:JOBS-1], irq_q [0:JOBS-1];
  logic [31:0]          seq_q [0:JOBS-1];
  logic [95:0]          act_q [0:JOBS-1], wgt_q [0:JOBS-1], par_q [0:JOBS-1], win_out_q [0:JOBS-1], res_q [0:JOBS-1];
  logic [JOBS_LOG2:0]   in_q, rec_ptr_q, out_q, held;  // dispatched, record begun, record in memory
  logic [JOBS_LOG2-1:0] in_idx, rec_idx, out_idx;
  logic [31:0]          last_seq_q, old_seq;

  assign held = in_q - out_q;
  assign in_idx = in_q[JOBS_LOG2-1:0];
  assign rec_idx = rec_ptr_q[JOBS_LOG2-1:0];
  assign out_idx = out_q[JOBS_LOG2-1:0];
  assign full_o = held[JOBS_LOG2];
  assign empty_o = held == 0;
  assign old_seq = seq_q[out_idx];
  assign seq_o = empty_o ? last_seq_q : old_seq;

  always_ff @(posedge clk_i) begin
    if (push_i) begin
      nop_q[in_idx] <= push_nop_i;
      irq_q[in_idx] <= job_i.irq;
      seq_q[in_idx] <= job_i.seq;
      act_q[in_idx] <= {job_i.act_size, job_i.act_addr};
      wgt_q[in_idx] <= {job_i.wgt_size, job_i.wgt_addr};
      par_q[in_idx] <= {job_i.par_size, job_i.par_addr};
      win_out_q[in_idx] <= {job_i.out_size, job_i.out_addr};
      res_q[in_idx] <= job_i.res_mode == 2'(lxa_regs_pkg::RES_NONE) ? {32'd0, ~64'd0} : {job_i.res_size, job_i.res_addr};
    end
    if (!rst_ni) begin
      in_q <= '0;
      rec_ptr_q <= '0;
      out_q <= '0;
      last_seq_q <= '0;
    end else begin
      if (push_i) in_q <= in_q + 1'b1;
      if (start) rec_ptr_q <= rec_ptr_q + 1'b1;
      if (done_o) begin
        out_q <= out_q + 1'b1;
        last_seq_q <= old_seq;
      end
    end
  end

  // ---- record ------------------------------------------------------------------------------------
  logic          write_q, start;
  logic [31:0]   count_q, rec_count_q, slot;
  logic [3:0]    idx_q;
  logic [127:0]  rec_q;   // the record begins with it; the share is kept by the counters
  logic [1023:0] rec;

  assign start = !write_q && rec_ptr_q != in_q && !stop_i && (nop_q[rec_idx] || done_valid_i);
  assign done_ready_o = start && !nop_q[rec_idx];
  assign sample_o = start;
  assign wr_valid_o = write_q;
  assign rec = {128'd0, share_i, rec_q};
  always_comb begin
    slot = '0;
    wr_addr_o = '0;
    wr_data_o = '0;
    if (write_q) begin
      slot = rec_count_q & ((32'd1 << ring_log2_i) - 32'd1);
      wr_addr_o = cpl_base_i + {25'd0, slot, 7'd0} + (64'(idx_q) << WB_LOG2);
      wr_data_o = rec[{6'd0, idx_q} * WORD_W +: WORD_W];
    end
  end
  assign wr_last_o = idx_q == 4'(HEAD - 1);
  assign done_o = wr_ack_i;
  assign irq_o = done_o && irq_q[out_idx];
  assign count_o = count_q;
  assign busy_o = write_q;

  always_ff @(posedge clk_i) begin
    if (start) begin
      rec_q[31:0] <= seq_q[rec_idx];
      rec_q[63:32] <= 32'(lxa_regs_pkg::STATUS_OK);
      rec_q[95:64] <= 32'(lxa_regs_pkg::STREAM_NONE);
      rec_q[127:96] <= rec_count_q + 32'd1;
    end
    if (!rst_ni) begin
      write_q <= 1'b0;
      count_q <= '0;
      rec_count_q <= '0;
      idx_q <= '0;
    end else begin
      if (start) begin
        write_q <= 1'b1;
        idx_q <= FIRST;
      end
      if (wr_valid_o && wr_ready_i) begin
        idx_q <= idx_q == 4'(REC_WORDS - 1) ? '0 : idx_q + 1'b1;
        if (wr_last_o) begin
          write_q <= 1'b0;
          rec_count_q <= rec_count_q + 32'd1;
        end
      end
      if (done_o) count_q <= count_q + 32'd1;
    end
  end

  // ---- blame -------------------------------------------------------------------------------------
  // The core works on several jobs at once. A window violation is the oldest job's that has the window; a bus error the
  // oldest job's whose window holds the address; anything else the oldest's. One job a cycle, from the newest.
  logic                 scan_q;
  logic [JOBS_LOG2-1:0] scan_idx_q, b_idx;
  logic [95:0]          b_win;
  logic [63:0]          b_off;
  logic                 b_hit;

  assign b_idx = out_idx + scan_idx_q;

  always_comb begin
    b_win = '0;
    b_off = '0;
    b_hit = 1'b0;
    if (scan_q) begin
      case (err_i.stream)
        3'(lxa_regs_pkg::STREAM_ACT): b_win = act_q[b_idx];
        3'(lxa_regs_pkg::STREAM_WGT): b_win = wgt_q[b_idx];
        3'(lxa_regs_pkg::STREAM_PAR): b_win = par_q[b_idx];
        3'(lxa_regs_pkg::STREAM_RES): b_win = res_q[b_idx];
        default: b_win = win_out_q[b_idx];
      endcase
      b_off = err_i.addr - b_win[63:0];
      b_hit = {1'b0, scan_idx_q} < held && !nop_q[b_idx] && err_i.stream != 3'(lxa_regs_pkg::STREAM_CPL) &&
              (err_i.status == 3'(lxa_regs_pkg::STATUS_WINDOW) ? err_i.base == b_win[63:0] :
                                                                 b_off < {32'd0, b_win[95:64]});
    end
  end

  always_ff @(posedge clk_i) begin
    if (blame_i) begin
      blame_seq_o <= seq_o;
      scan_idx_q <= '1;
    end else if (scan_q) begin
      if (b_hit) blame_seq_o <= seq_q[b_idx];
      scan_idx_q <= scan_idx_q - 1'b1;
    end
    if (!rst_ni) scan_q <= 1'b0;
    else if (blame_i) scan_q <= 1'b1;
    else if (scan_idx_q == 0) scan_q <= 1'b0;
  end

  assign blame_done_o = scan_q && scan_idx_q == 0;

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      a_room: assert (!(push_i && full_o));
      a_done: assert (!(done_o && out_q == rec_ptr_q));
    end
  end

endmodule
