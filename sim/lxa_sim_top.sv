// SPDX-License-Identifier: MIT
// The device as it is simulated: lxa_top with registers on its inputs. What engine_rtl.cpp sets before a clock edge is what
// the design sees in the cycle after it. So no logic hangs on an input of the simulation, and Verilator works out every
// signal once a cycle, not once for new inputs and once more for the edge.
module lxa_sim_top (
  input  logic                            clk_i,
  input  logic                            rst_ni,
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
  output logic                            irq_o,
  output logic                            idle_o,
  output logic                            bus_reset_o
);
  logic                          rst_nq, awvalid_q, wvalid_q, bready_q, arvalid_q, rready_q;
  logic [11:0]                   awaddr_q, araddr_q;
  logic [31:0]                   wdata_q;
  logic [3:0]                    wstrb_q;
  logic                          m_arready_q, m_rlast_q, m_rvalid_q, m_awready_q, m_wready_q, m_bvalid_q;
  logic [lxa_cfg_pkg::BUS_W-1:0] m_rdata_q;
  logic [1:0]                    m_rresp_q, m_bresp_q;

  initial rst_nq = 1'b0;  // in reset from the first edge on
  always_ff @(posedge clk_i) begin
    rst_nq <= rst_ni;
    awvalid_q <= s_axil_awvalid_i;
    awaddr_q <= s_axil_awaddr_i;
    wvalid_q <= s_axil_wvalid_i;
    wdata_q <= s_axil_wdata_i;
    wstrb_q <= s_axil_wstrb_i;
    bready_q <= s_axil_bready_i;
    arvalid_q <= s_axil_arvalid_i;
    araddr_q <= s_axil_araddr_i;
    rready_q <= s_axil_rready_i;
    m_arready_q <= m_axi_arready_i;
    m_rvalid_q <= m_axi_rvalid_i;
    m_awready_q <= m_axi_awready_i;
    m_wready_q <= m_axi_wready_i;
    m_bvalid_q <= m_axi_bvalid_i;
    m_bresp_q <= m_axi_bresp_i;
    if (m_axi_rvalid_i) begin
      m_rdata_q <= m_axi_rdata_i;
      m_rlast_q <= m_axi_rlast_i;
      m_rresp_q <= m_axi_rresp_i;
    end
  end

  lxa_top u_top (
    .clk_i, .rst_ni(rst_nq), .s_axil_awaddr_i(awaddr_q), .s_axil_awvalid_i(awvalid_q), .s_axil_awready_o,
    .s_axil_wdata_i(wdata_q), .s_axil_wstrb_i(wstrb_q), .s_axil_wvalid_i(wvalid_q), .s_axil_wready_o,
    .s_axil_bresp_o, .s_axil_bvalid_o, .s_axil_bready_i(bready_q), .s_axil_araddr_i(araddr_q),
    .s_axil_arvalid_i(arvalid_q), .s_axil_arready_o, .s_axil_rdata_o, .s_axil_rresp_o, .s_axil_rvalid_o,
    .s_axil_rready_i(rready_q), .m_axi_araddr_o, .m_axi_arlen_o, .m_axi_arsize_o, .m_axi_arburst_o,
    .m_axi_arvalid_o, .m_axi_arready_i(m_arready_q), .m_axi_rdata_i(m_rdata_q), .m_axi_rresp_i(m_rresp_q),
    .m_axi_rlast_i(m_rlast_q), .m_axi_rvalid_i(m_rvalid_q), .m_axi_rready_o, .m_axi_awaddr_o, .m_axi_awlen_o,
    .m_axi_awsize_o, .m_axi_awburst_o, .m_axi_awvalid_o, .m_axi_awready_i(m_awready_q), .m_axi_wdata_o,
    .m_axi_wstrb_o, .m_axi_wlast_o, .m_axi_wvalid_o, .m_axi_wready_i(m_wready_q), .m_axi_bresp_i(m_bresp_q),
    .m_axi_bvalid_i(m_bvalid_q), .m_axi_bready_o, .irq_o, .idle_o, .bus_reset_o
  );
endmodule
