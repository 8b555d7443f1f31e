// SPDX-License-Identifier: MIT
// First error: stops the device in the next cycle, finds the job, then shows it to software until a soft reset.
//
// From the error on nothing new is read, no word is taken from the core and no record is begun. What had been taken
// before is still written and what was asked for is awaited; only then is the error shown, so software that sees it finds
// the bus quiet and CPL_COUNT final. When memory does not answer any more, the error stays hidden and software's
// time-out decides.
module lxa_err (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             rd_valid_i,
  input  lxa_fe_pkg::err_t rd_i,
  input  logic             wr_valid_i,
  input  lxa_fe_pkg::err_t wr_i,
  input  logic             cmd_valid_i,
  input  lxa_fe_pkg::err_t cmd_i,
  input  logic [31:0]      cmd_seq_i,
  input  logic             quiet_i,      // nothing open on the bus, nothing queued for it
  output logic             stop_o,       // no new transaction, no new job
  output logic             blame_o,      // one cycle: whose is err_o?
  input  logic             blame_done_i,
  input  logic [31:0]      blame_seq_i,  // in the cycle after blame_done_i
  output lxa_fe_pkg::err_t err_o,
  output logic [31:0]      seq_o,
  output logic             error_o,      // err_o and seq_o are final
  output logic             raise_o       // one cycle: error_o rises
);

  typedef enum logic [2:0] {RUN, BLAME, WAIT, TAKE, DRAIN, FAILED} state_e;

  state_e           state_q;
  lxa_fe_pkg::err_t err_q;
  logic [31:0]      seq_q;

  assign stop_o = state_q != RUN;
  assign blame_o = state_q == BLAME;
  assign error_o = state_q == FAILED;
  assign raise_o = state_q == DRAIN && quiet_i;
  assign err_o = err_q;
  assign seq_o = seq_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= RUN;
      err_q <= '0;
      seq_q <= '0;
    end else begin
      case (state_q)
        RUN: begin
          if (rd_valid_i || wr_valid_i || cmd_valid_i) state_q <= BLAME;
          if (rd_valid_i) err_q <= rd_i;
          else if (wr_valid_i) err_q <= wr_i;
          else if (cmd_valid_i) begin
            err_q <= cmd_i;
            seq_q <= cmd_seq_i;
          end
        end
        BLAME: state_q <= WAIT;
        WAIT: if (blame_done_i) state_q <= TAKE;
        TAKE: begin
          if (err_q.stream != 3'(lxa_regs_pkg::STREAM_CMD)) seq_q <= blame_seq_i;
          state_q <= DRAIN;
        end
        DRAIN: if (quiet_i) state_q <= FAILED;
        default: state_q <= FAILED;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni && error_o) a_cause: assert (err_q.status != 3'(lxa_regs_pkg::STATUS_OK));
    if (rst_ni) a_state: assert (state_q <= FAILED);
  end

endmodule
