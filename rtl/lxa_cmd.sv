// SPDX-License-Identifier: MIT
// Command engine: fetches descriptors ahead, checks them, gives them to the core in order.
//
// Up to four descriptors are fetched ahead of the one that is offered to the core. Every job that is dispatched is also
// given to the completion writer (lxa_cpl), which keeps what is needed until the job is done. A descriptor that is
// refused or could not be read is reported when every job before it has completed: the error then belongs to the oldest
// job, and what was good before it is finished.
module lxa_cmd (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  input  logic                           stop_i,
  // registers
  input  logic                           enable_i,
  input  logic [63:0]                    ring_base_i,
  input  logic [4:0]                     ring_log2_i,
  input  logic [31:0]                    tail_i,
  output logic [31:0]                    head_o,     // descriptors fetched
  output logic [31:0]                    issued_o,   // descriptors asked for
  output logic                           cur_valid_o,
  output logic [31:0]                    cur_seq_o,  // of the job that is being dispatched
  // read DMA
  output logic                           req_valid_o,
  input  logic                           req_ready_i,
  output logic [63:0]                    req_addr_o,
  input  logic                           rsp_valid_i,
  input  logic                           rsp_err_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0] rsp_data_i,
  // core
  output logic                           job_valid_o,
  input  logic                           job_ready_i,
  output lxa_regs_pkg::desc_t            job_o,
  // completion writer
  input  logic                           jobs_full_i,
  input  logic                           jobs_empty_i,
  output logic                           push_o,
  output logic                           push_nop_o,  // the job is job_o
  // errors
  output logic                           err_valid_o,
  output lxa_fe_pkg::err_t               err_o,
  output logic [31:0]                    err_seq_o
);

  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned DESC_WORDS = lxa_regs_pkg::DESC_W / WORD_W;
  localparam int unsigned KEEP_BITS = 42 * 32;                     // the rest of a descriptor is reserved
  localparam int unsigned KEEP = (KEEP_BITS + WORD_W - 1) / WORD_W;  // words that are kept
  localparam int unsigned AHEAD_LOG2 = 2;
  localparam int unsigned WORDS_LOG2 = $clog2(KEEP << AHEAD_LOG2);
  localparam int unsigned IDX_W = $clog2(DESC_WORDS + 1);

  // ---- fetch -------------------------------------------------------------------------------------
  logic [31:0]      issued_q, head_q, loaded_q, slot;
  logic [IDX_W-1:0] in_idx_q;
  logic             in_keep, in_end, in_err_q;
  logic             words_empty, words_pop, err_pop, desc_err, desc_empty;
  logic [WORD_W-1:0] word;
  /* verilator lint_off UNUSED */
  logic [WORDS_LOG2:0] words_count;  // room is granted by whole descriptors: loaded_q
  logic [AHEAD_LOG2:0] desc_count;
  /* verilator lint_on UNUSED */

  assign req_valid_o = enable_i && !stop_i && issued_q != tail_i && (issued_q - loaded_q) < (32'd1 << AHEAD_LOG2);
  always_comb begin
    slot = '0;
    req_addr_o = '0;
    if (req_valid_o) begin
      slot = issued_q & ((32'd1 << ring_log2_i) - 32'd1);
      req_addr_o = ring_base_i + {24'd0, slot, 8'd0};
    end
  end
  assign in_keep = rsp_valid_i && in_idx_q < IDX_W'(KEEP);
  assign in_end = rsp_valid_i && in_idx_q == IDX_W'(DESC_WORDS - 1);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      issued_q <= '0;
      head_q <= '0;
      in_idx_q <= '0;
      in_err_q <= 1'b0;
    end else begin
      if (req_valid_o && req_ready_i) issued_q <= issued_q + 32'd1;
      if (rsp_valid_i) begin
        in_idx_q <= in_end ? '0 : in_idx_q + 1'b1;
        in_err_q <= (in_err_q || rsp_err_i) && !in_end;
      end
      if (in_end) head_q <= head_q + 32'd1;
    end
  end

  lxa_sfifo #(
    .W(WORD_W),
    .LOG2(WORDS_LOG2)
  ) u_words (
    .clk_i,
    .rst_ni,
    .push_i(in_keep),
    .data_i(rsp_data_i),
    .pop_i(words_pop),
    .data_o(word),
    .empty_o(words_empty),
    .count_o(words_count)
  );

  lxa_sfifo #(
    .W(1),
    .LOG2(AHEAD_LOG2)
  ) u_desc (
    .clk_i,
    .rst_ni,
    .push_i(in_end),
    .data_i(in_err_q || rsp_err_i),
    .pop_i(err_pop),
    .data_o(desc_err),
    .empty_o(desc_empty),
    .count_o(desc_count)
  );

  assign head_o = head_q;
  assign issued_o = issued_q;

  // ---- load, check, dispatch ---------------------------------------------------------------------
  typedef enum logic [2:0] {LOAD, LOADED, CHECK, GIVE, REFUSE} state_e;

  state_e                  state_q;
  logic [IDX_W-1:0]        out_idx_q;
  logic [lxa_regs_pkg::DESC_W-1:0] job_q;  // as wide as desc_t: the reserved part stays 0
  lxa_regs_pkg::desc_t     job;
  logic                    read_err_q, nop, bad, load_end;

  assign words_pop = state_q == LOAD && !desc_empty;
  assign load_end = words_pop && out_idx_q == IDX_W'(KEEP - 1);
  assign err_pop = load_end;
  assign job = job_q;
  assign job_o = job;
  assign job_valid_o = state_q == GIVE && !jobs_full_i && !stop_i;
  assign push_o = (job_valid_o && job_ready_i) || (state_q == CHECK && nop && !bad && !read_err_q && !jobs_full_i);

  lxa_desc_check u_check (
    .clk_i,
    .check_i(state_q == LOADED),
    .desc_i(job),
    .nop_o(nop),
    .bad_o(bad)
  );

  assign push_nop_o = nop;

  // The descriptor is written in a process that does not read it, so that simulation copies nothing.
  always_ff @(posedge clk_i) begin
    if (words_pop) job_q[32'(out_idx_q) * WORD_W +: WORD_W] <= word;
    if (!rst_ni) job_q[lxa_regs_pkg::DESC_W-1:KEEP_BITS] <= '0;  // stays 0, but for what the last word overwrites
  end

  always_ff @(posedge clk_i) begin
    if (load_end) read_err_q <= desc_err;
    if (!rst_ni) begin
      state_q <= LOAD;
      out_idx_q <= '0;
      loaded_q <= '0;
    end else begin
      if (words_pop) out_idx_q <= load_end ? '0 : out_idx_q + 1'b1;
      if (load_end) loaded_q <= loaded_q + 32'd1;
      case (state_q)
        LOAD: if (load_end) state_q <= LOADED;
        LOADED: state_q <= CHECK;
        CHECK: begin
          if (bad || read_err_q) state_q <= REFUSE;
          else if (!nop) state_q <= GIVE;
          else if (push_o) state_q <= LOAD;
        end
        GIVE: if (push_o) state_q <= LOAD;
        default: state_q <= REFUSE;  // until a soft reset
      endcase
    end
  end

  assign cur_valid_o = state_q != LOAD && !read_err_q;
  assign cur_seq_o = job.seq;
  assign err_valid_o = state_q == REFUSE && jobs_empty_i;
  assign err_seq_o = read_err_q ? 32'd0 : job.seq;

  always_comb begin
    err_o = '0;
    if (err_valid_o) begin
      err_o.status = read_err_q ? 3'(lxa_regs_pkg::STATUS_RD_ERROR) : 3'(lxa_regs_pkg::STATUS_BAD_DESC);
      err_o.stream = 3'(lxa_regs_pkg::STREAM_CMD);
      err_o.addr = ring_base_i + {24'd0, (loaded_q - 32'd1) & ((32'd1 << ring_log2_i) - 32'd1), 8'd0};
      err_o.base = ring_base_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      a_ahead: assert (issued_q - loaded_q <= (32'd1 << AHEAD_LOG2));
      a_order: assert (head_q - loaded_q <= issued_q - loaded_q);
      a_words: assert (!(words_pop && words_empty));
      a_state: assert (state_q <= REFUSE);
      a_no_job: assert (!(job_valid_o && (bad || nop || read_err_q)));
    end
  end

endmodule
