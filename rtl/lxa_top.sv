// SPDX-License-Identifier: MIT
// The device: registers, command engine, DMA engines and counters around the core.
module lxa_top (
  input  logic                            clk_i,
  input  logic                            rst_ni,  // synchronous
  // AXI4-Lite slave: registers
  input  logic [11:0]                     s_axil_awaddr_i,
  input  logic                            s_axil_awvalid_i,
  output logic                            s_axil_awready_o,
  input  logic [31:0]                     s_axil_wdata_i,
  input  logic [3:0]                      s_axil_wstrb_i,
  input  logic                            s_axil_wvalid_i,
  output logic                            s_axil_wready_o,
  output logic [1:0]                      s_axil_bresp_o,
  output logic                            s_axil_bvalid_o,
  input  logic                            s_axil_bready_i,
  input  logic [11:0]                     s_axil_araddr_i,
  input  logic                            s_axil_arvalid_i,
  output logic                            s_axil_arready_o,
  output logic [31:0]                     s_axil_rdata_o,
  output logic [1:0]                      s_axil_rresp_o,
  output logic                            s_axil_rvalid_o,
  input  logic                            s_axil_rready_i,
  // AXI4 master: memory; one ID, so answers come in order
  output logic [63:0]                     m_axi_araddr_o,
  output logic [7:0]                      m_axi_arlen_o,
  output logic [2:0]                      m_axi_arsize_o,
  output logic [1:0]                      m_axi_arburst_o,
  output logic                            m_axi_arvalid_o,
  input  logic                            m_axi_arready_i,
  input  logic [lxa_cfg_pkg::BUS_W-1:0]   m_axi_rdata_i,
  input  logic [1:0]                      m_axi_rresp_i,
  input  logic                            m_axi_rlast_i,
  input  logic                            m_axi_rvalid_i,
  output logic                            m_axi_rready_o,
  output logic [63:0]                     m_axi_awaddr_o,
  output logic [7:0]                      m_axi_awlen_o,
  output logic [2:0]                      m_axi_awsize_o,
  output logic [1:0]                      m_axi_awburst_o,
  output logic                            m_axi_awvalid_o,
  input  logic                            m_axi_awready_i,
  output logic [lxa_cfg_pkg::BUS_W-1:0]   m_axi_wdata_o,
  output logic [lxa_cfg_pkg::BUS_W/8-1:0] m_axi_wstrb_o,
  output logic                            m_axi_wlast_o,
  output logic                            m_axi_wvalid_o,
  input  logic                            m_axi_wready_i,
  input  logic [1:0]                      m_axi_bresp_i,
  input  logic                            m_axi_bvalid_i,
  output logic                            m_axi_bready_o,
  // side band
  output logic                            irq_o,       // level
  output logic                            idle_o,      // nothing pending, in flight or resetting: the clock may stop
  output logic                            bus_reset_o  // the memory side must forget this master's open transactions
);

  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;

  logic core_rst_n, dma_rst_n, resetting, stop, err_stop, failed;

  // registers
  logic         enable, reset_req, snapshot, port_busy, reg_idle;
  logic [63:0]  ring_base, cpl_base;
  logic [4:0]   ring_log2, cnt_idx;
  logic [31:0]  tail, head, issued, cpl_count, cur_seq, cnt_data;

  // jobs
  logic                job_valid, job_ready, done_valid, done_ready, push, jobs_full, jobs_empty, job_done, job_irq;
  logic                pending, sample, load_valid, push_nop;
  logic [31:0]         load_seq, old_seq;
  lxa_regs_pkg::desc_t job;
  logic [767:0]        share;

  // reads
  logic              cmd_req_valid, cmd_req_ready, cmd_rsp_valid, cmd_rsp_err;
  logic              act_req_valid, act_req_ready, act_rsp_valid;
  logic              wgt_req_valid, wgt_req_ready, wgt_rsp_valid;
  logic              par_req_valid, par_req_ready, par_rsp_valid;
  logic              res_req_valid, res_req_ready, res_rsp_valid;
  logic [63:0]       res_req_addr, res_req_base;
  logic [5:0]        res_req_words;
  logic [31:0]       res_req_size;
  logic [63:0]       cmd_req_addr, act_req_addr, wgt_req_addr, par_req_addr, act_req_base, wgt_req_base, par_req_base;
  logic [5:0]        act_req_words, wgt_req_words, par_req_words;
  logic [31:0]       act_req_size, wgt_req_size, par_req_size;
  logic [WORD_W-1:0] rsp_data;
  logic              rd_idle, rd_beat;

  // writes
  logic                wr_valid, wr_ready, wr_idle, cpl_valid, cpl_ready, cpl_last, cpl_ack, cpl_busy;
  logic [63:0]         wr_addr, wr_base, cpl_addr;
  logic [31:0]         wr_size;
  logic [WORD_W-1:0]   wr_data, cpl_data;
  logic [WORD_W/8-1:0] wr_strb;
  logic                wdma_idle, wdma_quiet, wr_beat, wr_ack, wr_refused;
  logic [15:0]         wr_bytes;

  // errors
  logic             rd_err_valid, wr_err_valid, cmd_err_valid, blame, blame_done, raise;
  lxa_fe_pkg::err_t rd_err, wr_err, cmd_err, err;
  logic [31:0]      cmd_err_seq, blame_seq, err_seq;

  // array
  logic [2:0]  state;
  logic [15:0] macs_inc;
  logic        step;

  // A job is pending from the doorbell (ENABLE set) to its completion record. After an error nothing is.
  assign stop = err_stop || resetting;
  assign pending = !stop && ((enable && issued != tail) || cpl_count != issued);
  assign reg_idle = !pending && rd_idle && wdma_idle && !resetting && err_stop == failed;
  assign idle_o = reg_idle && !port_busy;
  assign cur_seq = jobs_empty && load_valid ? load_seq : old_seq;

  lxa_regs u_regs (
    .clk_i,
    .rst_ni,
    .soft_rst_ni(core_rst_n),
    .s_axil_awaddr_i,
    .s_axil_awvalid_i,
    .s_axil_awready_o,
    .s_axil_wdata_i,
    .s_axil_wstrb_i,
    .s_axil_wvalid_i,
    .s_axil_wready_o,
    .s_axil_bresp_o,
    .s_axil_bvalid_o,
    .s_axil_bready_i,
    .s_axil_araddr_i,
    .s_axil_arvalid_i,
    .s_axil_arready_o,
    .s_axil_rdata_o,
    .s_axil_rresp_o,
    .s_axil_rvalid_o,
    .s_axil_rready_i,
    .port_busy_o(port_busy),
    .enable_o(enable),
    .reset_req_o(reset_req),
    .snapshot_o(snapshot),
    .ring_base_o(ring_base),
    .ring_log2_o(ring_log2),
    .tail_o(tail),
    .cpl_base_o(cpl_base),
    .resetting_i(resetting),
    .idle_i(reg_idle),
    .head_i(head),
    .cpl_count_i(cpl_count),
    .cur_seq_i(cur_seq),
    .progress_i(rd_beat || wr_beat || wr_ack || step),
    .irq_done_i(job_irq),
    .irq_error_i(raise),
    .error_i(failed),
    .err_i(err),
    .err_seq_i(err_seq),
    .cnt_idx_o(cnt_idx),
    .cnt_data_i(cnt_data),
    .irq_o
  );

  lxa_reset u_reset (
    .clk_i,
    .rst_ni,
    .req_i(reset_req),
    .bus_active_i(!rd_idle || !wdma_idle),
    .bus_move_i((m_axi_arvalid_o && m_axi_arready_i) || rd_beat || (m_axi_awvalid_o && m_axi_awready_i) || wr_beat ||
                wr_ack),
    .resetting_o(resetting),
    .core_rst_no(core_rst_n),
    .dma_rst_no(dma_rst_n),
    .bus_reset_o
  );

  lxa_err u_err (
    .clk_i,
    .rst_ni(core_rst_n),
    .rd_valid_i(rd_err_valid),
    .rd_i(rd_err),
    .wr_valid_i(wr_err_valid),
    .wr_i(wr_err),
    .cmd_valid_i(cmd_err_valid),
    .cmd_i(cmd_err),
    .cmd_seq_i(cmd_err_seq),
    .quiet_i(rd_idle && wdma_quiet && !cpl_busy),
    .stop_o(err_stop),
    .blame_o(blame),
    .blame_done_i(blame_done),
    .blame_seq_i(blame_seq),
    .err_o(err),
    .seq_o(err_seq),
    .error_o(failed),
    .raise_o(raise)
  );

  lxa_counters u_counters (
    .clk_i,
    .rst_ni(core_rst_n),
    .pending_i(pending),
    .state_i(state),
    .macs_i(macs_inc),
    .rd_beat_i(rd_beat),
    .wr_refused_i(wr_refused),
    .wr_bytes_i(wr_bytes),
    .job_done_i(job_done),
    .sample_i(sample),
    .share_o(share),
    .snapshot_i(snapshot),
    .idx_i(cnt_idx),
    .data_o(cnt_data)
  );

  lxa_cmd u_cmd (
    .clk_i,
    .rst_ni(core_rst_n),
    .stop_i(stop),
    .enable_i(enable),
    .ring_base_i(ring_base),
    .ring_log2_i(ring_log2),
    .tail_i(tail),
    .head_o(head),
    .issued_o(issued),
    .cur_valid_o(load_valid),
    .cur_seq_o(load_seq),
    .req_valid_o(cmd_req_valid),
    .req_ready_i(cmd_req_ready),
    .req_addr_o(cmd_req_addr),
    .rsp_valid_i(cmd_rsp_valid),
    .rsp_err_i(cmd_rsp_err),
    .rsp_data_i(rsp_data),
    .job_valid_o(job_valid),
    .job_ready_i(job_ready),
    .job_o(job),
    .jobs_full_i(jobs_full),
    .jobs_empty_i(jobs_empty),
    .push_o(push),
    .push_nop_o(push_nop),
    .err_valid_o(cmd_err_valid),
    .err_o(cmd_err),
    .err_seq_o(cmd_err_seq)
  );

  lxa_cpl u_cpl (
    .clk_i,
    .rst_ni(core_rst_n),
    .stop_i(stop),
    .push_i(push),
    .push_nop_i(push_nop),
    .job_i(job),
    .full_o(jobs_full),
    .empty_o(jobs_empty),
    .seq_o(old_seq),
    .done_valid_i(done_valid),
    .done_ready_o(done_ready),
    .cpl_base_i(cpl_base),
    .ring_log2_i(ring_log2),
    .count_o(cpl_count),
    .done_o(job_done),
    .irq_o(job_irq),
    .sample_o(sample),
    .share_i(share),
    .wr_valid_o(cpl_valid),
    .wr_ready_i(cpl_ready),
    .wr_addr_o(cpl_addr),
    .wr_data_o(cpl_data),
    .wr_last_o(cpl_last),
    .wr_ack_i(cpl_ack),
    .busy_o(cpl_busy),
    .blame_i(blame),
    .err_i(err),
    .blame_done_o(blame_done),
    .blame_seq_o(blame_seq)
  );

  lxa_rd_dma u_rd_dma (
    .clk_i,
    .rst_ni(dma_rst_n),
    .stop_i(stop),
    .cmd_req_valid_i(cmd_req_valid),
    .cmd_req_ready_o(cmd_req_ready),
    .cmd_req_addr_i(cmd_req_addr),
    .cmd_rsp_valid_o(cmd_rsp_valid),
    .cmd_rsp_err_o(cmd_rsp_err),
    .act_req_valid_i(act_req_valid),
    .act_req_ready_o(act_req_ready),
    .act_req_addr_i(act_req_addr),
    .act_req_words_i(act_req_words),
    .act_req_base_i(act_req_base),
    .act_req_size_i(act_req_size),
    .act_rsp_valid_o(act_rsp_valid),
    .wgt_req_valid_i(wgt_req_valid),
    .wgt_req_ready_o(wgt_req_ready),
    .wgt_req_addr_i(wgt_req_addr),
    .wgt_req_words_i(wgt_req_words),
    .wgt_req_base_i(wgt_req_base),
    .wgt_req_size_i(wgt_req_size),
    .wgt_rsp_valid_o(wgt_rsp_valid),
    .par_req_valid_i(par_req_valid),
    .par_req_ready_o(par_req_ready),
    .par_req_addr_i(par_req_addr),
    .par_req_words_i(par_req_words),
    .par_req_base_i(par_req_base),
    .par_req_size_i(par_req_size),
    .par_rsp_valid_o(par_rsp_valid),
    .res_req_valid_i(res_req_valid),
    .res_req_ready_o(res_req_ready),
    .res_req_addr_i(res_req_addr),
    .res_req_words_i(res_req_words),
    .res_req_base_i(res_req_base),
    .res_req_size_i(res_req_size),
    .res_rsp_valid_o(res_rsp_valid),
    .rsp_data_o(rsp_data),
    .idle_o(rd_idle),
    .beat_o(rd_beat),
    .err_valid_o(rd_err_valid),
    .err_o(rd_err),
    .m_axi_araddr_o,
    .m_axi_arlen_o,
    .m_axi_arsize_o,
    .m_axi_arburst_o,
    .m_axi_arvalid_o,
    .m_axi_arready_i,
    .m_axi_rdata_i,
    .m_axi_rresp_i,
    .m_axi_rlast_i,
    .m_axi_rvalid_i,
    .m_axi_rready_o
  );

  lxa_wr_dma u_wr_dma (
    .clk_i,
    .rst_ni(dma_rst_n),
    .stop_i(stop),
    .halt_i(resetting),
    .wr_valid_i(wr_valid),
    .wr_ready_o(wr_ready),
    .wr_addr_i(wr_addr),
    .wr_data_i(wr_data),
    .wr_strb_i(wr_strb),
    .wr_base_i(wr_base),
    .wr_size_i(wr_size),
    .wr_idle_o(wr_idle),
    .cpl_valid_i(cpl_valid),
    .cpl_ready_o(cpl_ready),
    .cpl_addr_i(cpl_addr),
    .cpl_data_i(cpl_data),
    .cpl_last_i(cpl_last),
    .cpl_ack_o(cpl_ack),
    .idle_o(wdma_idle),
    .quiet_o(wdma_quiet),
    .beat_o(wr_beat),
    .ack_o(wr_ack),
    .refused_o(wr_refused),
    .bytes_o(wr_bytes),
    .err_valid_o(wr_err_valid),
    .err_o(wr_err),
    .m_axi_awaddr_o,
    .m_axi_awlen_o,
    .m_axi_awsize_o,
    .m_axi_awburst_o,
    .m_axi_awvalid_o,
    .m_axi_awready_i,
    .m_axi_wdata_o,
    .m_axi_wstrb_o,
    .m_axi_wlast_o,
    .m_axi_wvalid_o,
    .m_axi_wready_i,
    .m_axi_bresp_i,
    .m_axi_bvalid_i,
    .m_axi_bready_o
  );

  lxa_core u_core (
    .clk_i,
    .rst_ni(core_rst_n),
    .job_valid_i(job_valid),
    .job_ready_o(job_ready),
    .job_i(job),
    .done_valid_o(done_valid),
    .done_ready_i(done_ready),
    .wr_idle_i(wr_idle),
    .act_req_valid_o(act_req_valid),
    .act_req_ready_i(act_req_ready),
    .act_req_addr_o(act_req_addr),
    .act_req_words_o(act_req_words),
    .act_req_base_o(act_req_base),
    .act_req_size_o(act_req_size),
    .act_rsp_valid_i(act_rsp_valid),
    .act_rsp_data_i(rsp_data),
    .wgt_req_valid_o(wgt_req_valid),
    .wgt_req_ready_i(wgt_req_ready),
    .wgt_req_addr_o(wgt_req_addr),
    .wgt_req_words_o(wgt_req_words),
    .wgt_req_base_o(wgt_req_base),
    .wgt_req_size_o(wgt_req_size),
    .wgt_rsp_valid_i(wgt_rsp_valid),
    .wgt_rsp_data_i(rsp_data),
    .par_req_valid_o(par_req_valid),
    .par_req_ready_i(par_req_ready),
    .par_req_addr_o(par_req_addr),
    .par_req_words_o(par_req_words),
    .par_req_base_o(par_req_base),
    .par_req_size_o(par_req_size),
    .par_rsp_valid_i(par_rsp_valid),
    .par_rsp_data_i(rsp_data),
    .res_req_valid_o(res_req_valid),
    .res_req_ready_i(res_req_ready),
    .res_req_addr_o(res_req_addr),
    .res_req_words_o(res_req_words),
    .res_req_base_o(res_req_base),
    .res_req_size_o(res_req_size),
    .res_rsp_valid_i(res_rsp_valid),
    .res_rsp_data_i(rsp_data),
    .wr_valid_o(wr_valid),
    .wr_ready_i(wr_ready),
    .wr_addr_o(wr_addr),
    .wr_data_o(wr_data),
    .wr_strb_o(wr_strb),
    .wr_base_o(wr_base),
    .wr_size_o(wr_size),
    .state_o(state),
    .macs_inc_o(macs_inc),
    .step_o(step)
  );

  always_ff @(posedge clk_i) begin
    if (rst_ni && core_rst_n) begin
      a_idle: assert (!(idle_o && (m_axi_arvalid_o || m_axi_awvalid_o || m_axi_wvalid_o)));
      a_issued: assert (issued - cpl_count < 32'd1024);
    end
  end

endmodule
