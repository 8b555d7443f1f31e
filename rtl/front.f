# The front end: everything around the core. One file a line, from rtl/; packages first.
lxa_fe_pkg.sv
lxa_sfifo.sv
lxa_reset.sv
lxa_counters.sv
lxa_desc_check.sv
lxa_err.sv
lxa_cpl.sv
lxa_cmd.sv
lxa_regs.sv
lxa_rd_dma.sv
lxa_wr_dma.sv
lxa_top.sv
