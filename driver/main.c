// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Module entry: parameters, and the list of what is started and, in reverse, stopped.
 */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>

#include "lxa_drv.h"

unsigned int lxa_timeout_ms = 10000;
module_param_named(timeout_ms, lxa_timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "a job whose device makes no progress for this long is hung (default 10000)");

unsigned int lxa_hard_cap_ms = 3600000;
module_param_named(hard_cap_ms, lxa_hard_cap_ms, uint, 0644);
MODULE_PARM_DESC(hard_cap_ms, "a job that runs longer than this is hung even if it progresses (default 3600000)");

unsigned int lxa_ban_after = 4;
module_param_named(ban_after, lxa_ban_after, uint, 0644);
MODULE_PARM_DESC(ban_after, "a context that has caused this many resets is banned; 0: never (default 4)");

unsigned int lxa_bo_mb = 1024;
module_param_named(bo_mb, lxa_bo_mb, uint, 0644);
MODULE_PARM_DESC(bo_mb, "MiB of buffers that one open file may hold (default 1024)");

unsigned int lxa_user_mb = 4096;
module_param_named(user_mb, lxa_user_mb, uint, 0644);
MODULE_PARM_DESC(user_mb, "MiB of buffers that all open files of one user may hold (default 4096)");

static int __init lxa_init(void)
{
	int ret;

	ret = lxa_platform_init();
	if (ret)
		return ret;
	ret = lxa_pci_init();
	if (ret)
		goto err_platform;
	return 0;

err_platform:
	lxa_platform_exit();
	return ret;
}

static void __exit lxa_exit(void)
{
	lxa_pci_exit();
	lxa_platform_exit();
}

module_init(lxa_init);
module_exit(lxa_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_AUTHOR("The LXA authors");
MODULE_DESCRIPTION("LXA log/XNOR neural-network accelerator");
MODULE_VERSION("1.1");
