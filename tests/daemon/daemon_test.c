// SPDX-License-Identifier: MIT
/*
 * The daemon, served by a thread of this program so that it can be looked into: here sockets, limits, isolation, memory that is shared
 * and not copied; bad messages, clients killed in the middle of each call and failing allocations in files of their own.
 */
#include "hosted.h"

/* ---- the socket ------------------------------------------------------------------------------------------------------ */

static void refused(int want, const char *socket, const char *word)
{
	struct lxa_daemon *d;
	char err[256];
	int ret = try_create(socket, &d, err);

	if (ret != want || !strstr(err, word))
		fail_msg("%s: %d instead of %d: %s", socket, ret, want, err);
	assert_null(d);
}

static void a_socket_in_use_is_refused(void **state)
{
	refused(-EADDRINUSE, path, "running daemon");
	assert_serves();
}

static void other_things_are_refused(void **state)
{
	char name[80], longer[200];
	int fd;

	snprintf(name, sizeof(name), "%s/file", dir);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	close(fd);
	refused(-EEXIST, name, "no socket");
	assert_int_equal(access(name, F_OK), 0);
	unlink(name);
	refused(-ENOENT, "/nonexistent/folder/socket", "/nonexistent/folder");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	refused(-ENAMETOOLONG, longer, "xxx");
	refused(-EINVAL, "", "");
}

/* One left behind by a daemon that was killed. */
static void a_stale_socket_is_replaced(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct lxa_daemon *d;
	char err[256];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/stale", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	assert_int_equal(access(a.sun_path, F_OK), 0);
	if (try_create(a.sun_path, &d, err))
		fail_msg("%s", err);
	lxa_daemon_destroy(d);
	assert_int_not_equal(access(a.sun_path, F_OK), 0);
}

static void permissions(void **state)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void no_daemon_there(void **state)
{
	char name[80];

	assert_int_equal(lxa_open("unix:/nonexistent/socket", O_RDWR), -ENOENT);
	assert_non_null(strstr(lxa_open_error(), "/nonexistent/socket"));
	snprintf(name, sizeof(name), "unix:%s", dir);
	assert_int_equal(lxa_open(name, O_RDWR), -ECONNREFUSED);
	assert_int_equal(lxa_open("unix:", O_RDWR), -EINVAL);
}

/* ---- limits ----------------------------------------------------------------------------------------------------------- */

static void limit_of_clients(void **state)
{
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		fds[i] = open_client();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(lxa_open(device, O_RDWR), -EBUSY);
		assert_non_null(strstr(lxa_open_error(), "clients"));
	}
	close(fds[0]);		/* it counts no more when close() has returned */
	fds[0] = open_client();
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	assert_empty();
}

static void limit_of_memory(void **state)
{
	int a = open_client(), b = open_client();

	assert_int_not_equal(bo_create(a, 40u << 20).handle, 0);
	assert_int_equal(bo_create(b, 40u << 20).handle, 0);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(bo_create(a, 40u << 20).handle, 0);
	assert_int_equal(errno, ENOMEM);
	assert_int_not_equal(bo_create(b, 10u << 20).handle, 0);
	close(a);
	assert_int_not_equal(bo_create(b, 40u << 20).handle, 0);
	close(b);
	assert_empty();
}

static void limit_of_calls(void **state)
{
	static struct sleeper s[LXA_DAEMON_CHANNELS + 6];
	const int n = (int)(sizeof(s) / sizeof(s[0]));
	int fd = open_client();
	uint32_t ctx = ctx_create(fd);
	uint64_t seqno;

	for (int i = 0; i < n; i++) {
		s[i].fd = fd;
		assert_int_equal(pthread_create(&s[i].thread, NULL, sleeping_read, &s[i]), 0);
	}
	while (counters().calls < LXA_DAEMON_CHANNELS || __atomic_load_n(&refusals, __ATOMIC_RELAXED) < 6)
		usleep(1000);
	assert_int_equal(nops(fd, ctx, 1, &seqno), -1);
	assert_int_equal(errno, ENOMEM);
	/* Another client is not concerned; it cannot wake them either. */
	assert_serves();
	close(fd);
	lxa_daemon_stop(served);		/* the daemon's end wakes them all */
	for (int i = 0; i < n; i++) {
		pthread_join(s[i].thread, NULL);
		assert_int_equal(s[i].ret, -1);
		assert_true(s[i].error == ENODEV || s[i].error == ENOMEM);
	}
	assert_int_equal(refusals, 6);
	assert_int_equal(stop(state), 0);
	assert_int_equal(start(state), 0);
}

/* ---- isolation and memory --------------------------------------------------------------------------------------------- */

static void nothing_of_another_client_is_visible(void **state)
{
	int a = open_client(), b = open_client(), fds[WIRE_FDS], raw = raw_open(fds);
	struct lxa_bo_create bo = bo_create(a, 1 << 20);
	struct lxa_bo_info info = { .size = sizeof(info), .handle = bo.handle };
	uint64_t *mem = bo_map(a, &bo), *all;
	uint32_t ctx = ctx_create(a);
	struct stat st;
	uint64_t seqno;

	assert_ptr_not_equal(mem, MAP_FAILED);
	for (uint32_t i = 0; i < 1 << 17; i++)
		mem[i] = 0x5ec7e7ull;
	/* Handles, contexts, offsets mean nothing to others. */
	assert_int_equal(ioctl(b, LXA_IOCTL_BO_INFO, &info), -1);
	assert_int_equal(errno, ENOENT);
	assert_ptr_equal(bo_map(b, &bo), MAP_FAILED);
	assert_int_equal(nops(b, ctx, 1, &seqno), -1);
	/* Nor does what lies in the memory that another one has been given, wherever it looks. */
	assert_int_equal(ftruncate(fds[WIRE_FD_MEMORY], 64 << 20), 0);
	assert_int_equal(fstat(fds[WIRE_FD_MEMORY], &st), 0);
	all = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fds[WIRE_FD_MEMORY], 0);
	assert_ptr_not_equal(all, MAP_FAILED);
	for (size_t i = 0; i < (size_t)st.st_size / 8; i += 64)
		assert_true(all[i] == 0);
	munmap(all, (size_t)st.st_size);
	/* It cannot take pages away under the device. */
	assert_int_equal(ftruncate(fds[WIRE_FD_MEMORY], 0), -1);
	assert_int_equal(errno, EPERM);
	raw_close(raw, fds);
	munmap(mem, bo.bytes);
	close(a);
	close(b);
	assert_empty();
}

/* How many mappings of a file this process has that show this word at this place of the file. */
static int mappings_with(unsigned long inode, unsigned long off, uint64_t word)
{
	unsigned long from, to, at, node;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "r");
	int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %*s %lx %*s %lu", &from, &to, &at, &node) == 4 && node == inode && off >= at &&
		    off < at + (to - from))
			n += *(volatile uint64_t *)(from + (off - at)) == word;
	fclose(f);
	return n;
}

/*
 * The other program maps a buffer and writes to it; it says which file and place that is. The very same page, not a copy,
 * is then in the two mappings of the daemon: the driver's and the device's.
 */
static void a_mapping_is_the_device_s_memory(void **state)
{
	unsigned long inode = 0, off = 0;
	int out[2];
	char line[128] = "";
	FILE *f;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (!pid) {
		dup2(out[1], 1);
		execl(self, self, "--victim", "map", (char *)NULL);
		_exit(99);
	}
	close(out[1]);
	f = fdopen(out[0], "r");
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(sscanf(line, "%lu %lu", &inode, &off), 2);
	assert_int_equal(mappings_with(inode, off, 0x1122334455667788ull), 2);
	assert_int_equal(mappings_with(inode, off, 0x1122334455667789ull), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fclose(f);
	assert_empty();
}

/* A job on buffers of megabytes: what goes through the sockets is the calls, whatever the buffers' size. */
static void buffers_are_not_copied(void **state)
{
	int fd = open_client();
	uint32_t ctx = ctx_create(fd);
	uint64_t before, after;
	struct lxa_submit s;
	struct lxa_event e;
	struct conv v;
	int32_t error;

	assert_int_equal(conv_init(&v, fd, 100, 100, 1), 0);
	before = counters().copied_bytes;
	assert_int_equal(submit(fd, ctx, &v.job, 1, &s), 0);
	assert_int_equal(wait_for(fd, ctx, s.seqno, LONG_WAIT, &error), 0);
	assert_int_equal(bo_prep(fd, v.bo.handle, LXA_PREP_READ, LONG_WAIT), 0);
	assert_int_equal(read(fd, &e, sizeof(e)), sizeof(e));
	after = counters().copied_bytes;
	assert_int_equal(conv_check(&v), -1);
	assert_true(e.rd_bytes + e.wr_bytes > 700000);
	assert_true(after - before < 2000);
	print_message("the device moved %llu bytes, the sockets %llu\n", (unsigned long long)(e.rd_bytes + e.wr_bytes),
		      (unsigned long long)(after - before));
	conv_done(&v, fd);
	close(fd);
	assert_empty();
}

/* ---- the end of the daemon ---------------------------------------------------------------------------------------------- */

static void clients_see_the_daemon_end(void **state)
{
	struct sleeper s = { .fd = open_client() };
	struct pollfd p = { .fd = s.fd, .events = POLLIN };
	uint32_t ctx = ctx_create(s.fd);
	struct lxa_bo_create b = bo_create(s.fd, 4096);
	char *mem = bo_map(s.fd, &b);
	uint64_t seqno;

	assert_int_equal(pthread_create(&s.thread, NULL, sleeping_read, &s), 0);
	while (!counters().calls)
		usleep(1000);
	lxa_daemon_stop(served);
	pthread_join(s.thread, NULL);
	assert_int_equal(s.ret, -1);
	assert_int_equal(s.error, ENODEV);
	assert_int_equal(nops(s.fd, ctx, 1, &seqno), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(p.revents & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	mem[0] = 1;		/* its own memory stays */
	assert_int_equal(munmap(mem, 4096), 0);
	assert_int_equal(close(s.fd), 0);
	assert_int_equal(stop(state), 0);
	assert_int_equal(start(state), 0);
	assert_serves();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_in_use_is_refused), cmocka_unit_test(other_things_are_refused),
		cmocka_unit_test(a_stale_socket_is_replaced), cmocka_unit_test(permissions), cmocka_unit_test(no_daemon_there),
		cmocka_unit_test(limit_of_clients), cmocka_unit_test(limit_of_memory), cmocka_unit_test(limit_of_calls),
		cmocka_unit_test(nothing_of_another_client_is_visible), cmocka_unit_test(a_mapping_is_the_device_s_memory),
		cmocka_unit_test(buffers_are_not_copied), cmocka_unit_test(bad_hellos), cmocka_unit_test(bad_calls),
		cmocka_unit_test(nonsense_that_is_well_formed), cmocka_unit_test(garbage),
		cmocka_unit_test(a_client_that_plays_with_its_descriptors),
		cmocka_unit_test(killed_while_it_maps), cmocka_unit_test(killed_while_it_submits),
		cmocka_unit_test(killed_while_it_waits), cmocka_unit_test(killed_while_it_makes_buffers),
		cmocka_unit_test(killed_while_it_reads), cmocka_unit_test(killed_while_it_opens),
		cmocka_unit_test(high_priority_is_not_for_everybody),
		cmocka_unit_test(an_allocation_fails_for_its_thread_alone),
		cmocka_unit_test(no_allocation_fails_where_that_is_not_allowed), cmocka_unit_test(clients_see_the_daemon_end),
	};
	int ret;

	if (argc == 3 && !strcmp(argv[1], "--victim"))
		return be_victim(argv[2]);
	self = argv[0];
	setenv("LXA_SHIM_STRICT", "1", 1);
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/lxa", dir);
	snprintf(device, sizeof(device), "unix:%s", path);
	setenv("LXA_DEVICE", device, 1);
	ret = cmocka_run_group_tests(tests, start, stop);
	return rmdir(dir) ? 1 : ret;
}
