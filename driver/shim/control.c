// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * lxa_shim_control(): what a test asks of the runtime and of the simulated device, as lines of text, so that it can be sent
 * from another process or machine.
 */
#include "shim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lxa_shim.h"

static int say(char *reply, size_t len, int ret)
{
	if (ret)
		snprintf(reply, len, "error %s", strerror(-ret));
	else
		snprintf(reply, len, "ok");
	return ret;
}

static int control_param(const char *args, char *reply, size_t len)
{
	char name[32], end;
	long value;
	int ret;

	switch (sscanf(args, "%31s %ld %c", name, &value, &end)) {
	case 1:
		ret = lxa_shim_param_get(name, &value);
		if (ret)
			return say(reply, len, ret);
		snprintf(reply, len, "ok %ld", value);
		return 0;
	case 2:
		return say(reply, len, lxa_shim_param_set(name, value));
	default:
		return say(reply, len, -EINVAL);
	}
}

int lxa_shim_control(int fd, const char *command, char *reply, size_t reply_len)
{
	struct lxa_sim *sim;
	int ret = shim_client_control(fd, command, reply, reply_len);

	if (ret != -ENOTTY)
		return ret;
	if (!strncmp(command, "param ", 6))
		return control_param(command + 6, reply, reply_len);
	if (!strcmp(command, "unbind"))
		return say(reply, reply_len, lxa_shim_unbind(fd));
	if (!strcmp(command, "shutdown"))
		return say(reply, reply_len, lxa_shim_shutdown(fd));
	if (!strcmp(command, "unload"))
		return say(reply, reply_len, lxa_shim_exit());
	if (!strncmp(command, "fail_nth ", 9)) {
		snprintf(reply, reply_len, "ok %u", lxa_shim_fail_nth((unsigned int)strtoul(command + 9, NULL, 10)));
		return 0;
	}
	sim = lxa_shim_sim(fd);
	return sim ? host_control(sim, command, reply, reply_len) : say(reply, reply_len, -ENODEV);
}
