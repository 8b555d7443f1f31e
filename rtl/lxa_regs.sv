// SPDX-License-Identifier: MIT
// Register file of rtl/REGISTERS.md behind an AXI4-Lite slave, and the interrupt line.
//
// A write needs address and data together; one access of each kind at a time; answers are always OKAY. Unknown offsets
// read 0 and ignore writes. The port itself is not affected by a soft reset, its registers are; while a soft reset is
// under way writes are answered and ignored.
module lxa_regs (
  input  logic             clk_i,
  input  logic             rst_ni,       // power-on: the port
  input  logic             soft_rst_ni,  // soft reset: the registers
  // AXI4-Lite
  /* verilator lint_off UNUSED */  // the two low address bits
  input  logic [11:0]      s_axil_awaddr_i,
  /* verilator lint_on UNUSED */
  input  logic             s_axil_awvalid_i,
  output logic             s_axil_awready_o,
  input  logic [31:0]      s_axil_wdata_i,
  input  logic [3:0]       s_axil_wstrb_i,
  input  logic             s_axil_wvalid_i,
  output logic             s_axil_wready_o,
  output logic [1:0]       s_axil_bresp_o,
  output logic             s_axil_bvalid_o,
  input  logic             s_axil_bready_i,
  /* verilator lint_off UNUSED */
  input  logic [11:0]      s_axil_araddr_i,
  /* verilator lint_on UNUSED */
  input  logic             s_axil_arvalid_i,
  output logic             s_axil_arready_o,
  output logic [31:0]      s_axil_rdata_o,
  output logic [1:0]       s_axil_rresp_o,
  output logic             s_axil_rvalid_o,
  input  logic             s_axil_rready_i,
  output logic             port_busy_o,
  // control
  output logic             enable_o,
  output logic             reset_req_o,
  output logic             snapshot_o,
  output logic [63:0]      ring_base_o,
  output logic [4:0]       ring_log2_o,
  output logic [31:0]      tail_o,
  output logic [63:0]      cpl_base_o,
  // state
  input  logic             resetting_i,
  input  logic             idle_i,
  input  logic [31:0]      head_i,
  input  logic [31:0]      cpl_count_i,
  input  logic [31:0]      cur_seq_i,
  input  logic             progress_i,  // something moved in this cycle
  input  logic             irq_done_i,
  input  logic             irq_error_i,
  input  logic             error_i,
  /* verilator lint_off UNUSED */  // not the window's base
  input  lxa_fe_pkg::err_t err_i,       // shown when error_i
  /* verilator lint_on UNUSED */
  input  logic [31:0]      err_seq_i,
  output logic [4:0]       cnt_idx_o,
  input  logic [31:0]      cnt_data_i,
  output logic             irq_o
);

  localparam logic [31:0] ID = {lxa_regs_pkg::DESC_MAGIC, 8'd1, 8'd1};
  localparam logic [7:0]  HALF_W = 8'(lxa_cfg_pkg::HALF_W), XACC_W = 8'(lxa_cfg_pkg::XACC_W);  // rtl/README.md, section 3
  localparam logic [7:0]  ACC_W = 8'd48;   // a slot, 2 * HALF_W, has at least so many
  localparam logic        SHIFT = lxa_cfg_pkg::SHIFT_OC != 0, XNOR = lxa_cfg_pkg::XNOR_OC != 0;
  localparam logic [31:0] MODES = {
    23'd0, lxa_cfg_pkg::HAS_RES != 0, SHIFT && lxa_cfg_pkg::HAS_PACK != 0, XNOR && lxa_cfg_pkg::HAS_PLANES != 0,
    SHIFT && lxa_cfg_pkg::HAS_WGT_INT != 0, SHIFT && lxa_cfg_pkg::HAS_ACT_INT != 0, lxa_cfg_pkg::HAS_POOL != 0,
    XNOR, SHIFT && lxa_cfg_pkg::HAS_SQRT2 != 0, SHIFT
  };
  localparam logic [4:0]  LOG2_MAX = 5'(lxa_cfg_pkg::RING_LOG2_MAX);

  // ---- write -------------------------------------------------------------------------------------
  logic        wr, bvalid_q, aligned_wr;
  logic [11:0] wa;
  logic [31:0] wd, wmask;  // scratch: worked out only when there is a write

  assign wr = s_axil_awvalid_i && s_axil_wvalid_i && !bvalid_q;
  assign s_axil_awready_o = wr;
  assign s_axil_wready_o = wr;
  assign s_axil_bvalid_o = bvalid_q;
  assign s_axil_bresp_o = 2'b00;
  assign wa = {s_axil_awaddr_i[11:2], 2'b00};
  assign aligned_wr = wr && !resetting_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) bvalid_q <= 1'b0;
    else if (wr) bvalid_q <= 1'b1;
    else if (s_axil_bready_i) bvalid_q <= 1'b0;
  end

  logic        enable_q;
  logic [1:0]  irq_status_q, irq_mask_q;
  logic [63:0] ring_base_q, cpl_base_q;
  logic [4:0]  ring_log2_q;
  logic [31:0] tail_q, progress_q, log2_new;

  assign reset_req_o = aligned_wr && wa == lxa_regs_pkg::REG_CTRL && s_axil_wstrb_i[0] && s_axil_wdata_i[1];
  assign snapshot_o = aligned_wr && wa == lxa_regs_pkg::REG_CTRL && s_axil_wstrb_i[0] && s_axil_wdata_i[2];

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !soft_rst_ni) begin
      enable_q <= 1'b0;
      irq_status_q <= '0;
      irq_mask_q <= '0;
      ring_base_q <= '0;
      cpl_base_q <= '0;
      ring_log2_q <= '0;
      tail_q <= '0;
      progress_q <= '0;
    end else begin
      if (aligned_wr) begin
        // verilator lint_off BLKSEQ
        wmask = {{8{s_axil_wstrb_i[3]}}, {8{s_axil_wstrb_i[2]}}, {8{s_axil_wstrb_i[1]}}, {8{s_axil_wstrb_i[0]}}};
        wd = s_axil_wdata_i & wmask;
        log2_new = (32'(ring_log2_q) & ~wmask) | wd;
        // verilator lint_on BLKSEQ
        case (wa)
          lxa_regs_pkg::REG_CTRL: if (s_axil_wstrb_i[0]) enable_q <= wd[0];
          lxa_regs_pkg::REG_IRQ_STATUS: irq_status_q <= irq_status_q & ~wd[1:0];
          lxa_regs_pkg::REG_IRQ_MASK: irq_mask_q <= (irq_mask_q & ~wmask[1:0]) | wd[1:0];
          lxa_regs_pkg::REG_RING_BASE_LO: ring_base_q[31:0] <= ((ring_base_q[31:0] & ~wmask) | wd) & ~32'hff;
          lxa_regs_pkg::REG_RING_BASE_HI: ring_base_q[63:32] <= (ring_base_q[63:32] & ~wmask) | wd;
          lxa_regs_pkg::REG_RING_LOG2: ring_log2_q <= log2_new > 32'(LOG2_MAX) ? LOG2_MAX : log2_new[4:0];
          lxa_regs_pkg::REG_RING_TAIL: tail_q <= (tail_q & ~wmask) | wd;
          lxa_regs_pkg::REG_CPL_BASE_LO: cpl_base_q[31:0] <= ((cpl_base_q[31:0] & ~wmask) | wd) & ~32'h7f;
          lxa_regs_pkg::REG_CPL_BASE_HI: cpl_base_q[63:32] <= (cpl_base_q[63:32] & ~wmask) | wd;
          default: ;
        endcase
      end
      // a cause that arrives while it is being cleared stays
      if (irq_done_i) irq_status_q[0] <= 1'b1;
      if (irq_error_i) irq_status_q[1] <= 1'b1;
      if (progress_i) progress_q <= progress_q + 32'd1;
    end
  end

  assign enable_o = enable_q;
  assign ring_base_o = ring_base_q;
  assign ring_log2_o = ring_log2_q;
  assign tail_o = tail_q;
  assign cpl_base_o = cpl_base_q;
  assign irq_o = (irq_status_q & irq_mask_q) != 0;

  // ---- read --------------------------------------------------------------------------------------
  logic        rd, rvalid_q;
  logic [11:0] ra;
  logic [31:0] rdata_q;

  assign rd = s_axil_arvalid_i && !rvalid_q;
  assign s_axil_arready_o = rd;
  assign s_axil_rvalid_o = rvalid_q;
  assign s_axil_rdata_o = rdata_q;
  assign s_axil_rresp_o = 2'b00;
  assign ra = {s_axil_araddr_i[11:2], 2'b00};
  assign cnt_idx_o = s_axil_araddr_i[6:2];

  always_ff @(posedge clk_i) begin
    if (rd) begin
      case (ra)
        lxa_regs_pkg::REG_ID: rdata_q <= ID;
        lxa_regs_pkg::REG_CFG_SHIFT: rdata_q <= {16'(lxa_cfg_pkg::SHIFT_IC), 16'(lxa_cfg_pkg::SHIFT_OC)};
        lxa_regs_pkg::REG_CFG_XNOR: rdata_q <= {16'(lxa_cfg_pkg::XNOR_IC), 16'(lxa_cfg_pkg::XNOR_OC)};
        lxa_regs_pkg::REG_CFG_OUT: rdata_q <= {XACC_W, HALF_W, ACC_W, 8'(lxa_cfg_pkg::OUT_LANES)};
        lxa_regs_pkg::REG_CFG_ACT: rdata_q <= 32'(lxa_cfg_pkg::ACT_BYTES);
        lxa_regs_pkg::REG_CFG_ACC: rdata_q <= 32'(lxa_cfg_pkg::ACC_PIXELS);
        lxa_regs_pkg::REG_CFG_WGT: rdata_q <= 32'(lxa_cfg_pkg::WGT_BYTES);
        lxa_regs_pkg::REG_CFG_BUS: rdata_q <= {16'(lxa_cfg_pkg::WORD_W / 8), 16'(lxa_cfg_pkg::BUS_W / 8)};
        lxa_regs_pkg::REG_CFG_MODES: rdata_q <= MODES;
        lxa_regs_pkg::REG_CFG_RING: rdata_q <= {16'd0, 8'(lxa_cfg_pkg::RD_OUTSTANDING), 3'd0, LOG2_MAX};
        lxa_regs_pkg::REG_CTRL: rdata_q <= {30'd0, resetting_i, enable_q};
        lxa_regs_pkg::REG_STATUS: rdata_q <= {29'd0, resetting_i, error_i, idle_i};
        lxa_regs_pkg::REG_IRQ_STATUS: rdata_q <= {30'd0, irq_status_q};
        lxa_regs_pkg::REG_IRQ_MASK: rdata_q <= {30'd0, irq_mask_q};
        lxa_regs_pkg::REG_RING_BASE_LO: rdata_q <= ring_base_q[31:0];
        lxa_regs_pkg::REG_RING_BASE_HI: rdata_q <= ring_base_q[63:32];
        lxa_regs_pkg::REG_RING_LOG2: rdata_q <= 32'(ring_log2_q);
        lxa_regs_pkg::REG_RING_HEAD: rdata_q <= head_i;
        lxa_regs_pkg::REG_RING_TAIL: rdata_q <= tail_q;
        lxa_regs_pkg::REG_CPL_BASE_LO: rdata_q <= cpl_base_q[31:0];
        lxa_regs_pkg::REG_CPL_BASE_HI: rdata_q <= cpl_base_q[63:32];
        lxa_regs_pkg::REG_CPL_COUNT: rdata_q <= cpl_count_i;
        lxa_regs_pkg::REG_PROGRESS: rdata_q <= progress_q;
        lxa_regs_pkg::REG_ERR_STATUS: rdata_q <= error_i ? 32'(err_i.status) : 32'd0;
        lxa_regs_pkg::REG_ERR_SEQ: rdata_q <= error_i ? err_seq_i : 32'd0;
        lxa_regs_pkg::REG_ERR_STREAM: rdata_q <= error_i ? 32'(err_i.stream) : 32'd0;
        lxa_regs_pkg::REG_ERR_ADDR_LO: rdata_q <= error_i ? err_i.addr[31:0] : 32'd0;
        lxa_regs_pkg::REG_ERR_ADDR_HI: rdata_q <= error_i ? err_i.addr[63:32] : 32'd0;
        lxa_regs_pkg::REG_CUR_SEQ: rdata_q <= cur_seq_i;
        default: rdata_q <= ra[11:7] == 5'b00010 ? cnt_data_i : 32'd0;  // 0x100..0x17f: counters
      endcase
    end
    if (!rst_ni) rvalid_q <= 1'b0;
    else if (rd) rvalid_q <= 1'b1;
    else if (s_axil_rready_i) rvalid_q <= 1'b0;
  end

  assign port_busy_o = s_axil_awvalid_i || s_axil_wvalid_i || s_axil_arvalid_i || bvalid_q || rvalid_q;

  // ---- assertions --------------------------------------------------------------------------------
  logic        b_held_q, r_held_q;
  logic [31:0] r_was_q;

  always_ff @(posedge clk_i) begin
    b_held_q <= rst_ni && s_axil_bvalid_o && !s_axil_bready_i;
    r_held_q <= rst_ni && s_axil_rvalid_o && !s_axil_rready_i;
    r_was_q <= s_axil_rdata_o;
    if (rst_ni) begin
      if (b_held_q) a_b_valid: assert (s_axil_bvalid_o);
      if (r_held_q) begin
        a_r_valid: assert (s_axil_rvalid_o);
        a_r_stable: assert (s_axil_rdata_o == r_was_q);
      end
      a_one_answer: assert (!(wr && bvalid_q) && !(rd && rvalid_q));
    end
  end

endmodule
