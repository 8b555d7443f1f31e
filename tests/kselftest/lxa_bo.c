// SPDX-License-Identifier: MIT
/* Buffers: sizes, handles, mappings, limits, hand-over. */
#include "lxa_test.h"

FIXTURE(bo) {
	int fd;
	uint64_t page;
};

FIXTURE_SETUP(bo)
{
	self->fd = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->page = (uint64_t)sysconf(_SC_PAGESIZE);
}

FIXTURE_TEARDOWN(bo)
{
	close(self->fd);
}

TEST_F(bo, zero_filled_and_kept)
{
	struct lxa_bo_create b = bo_create(self->fd, 3 * self->page - 1);
	uint8_t *a, *c;

	ASSERT_NE(0, b.handle);
	EXPECT_EQ(3 * self->page, b.bytes);
	a = bo_map(self->fd, &b);
	ASSERT_NE(MAP_FAILED, a);
	for (uint64_t i = 0; i < b.bytes; i++) {
		ASSERT_EQ(0, a[i]);
	}
	for (uint64_t i = 0; i < b.bytes; i++)
		a[i] = (uint8_t)(i * 7);
	c = bo_map(self->fd, &b);
	ASSERT_NE(MAP_FAILED, c);
	EXPECT_NE(a, c);
	EXPECT_EQ(0, memcmp(a, c, b.bytes));
	EXPECT_EQ(0, munmap(a, b.bytes));
	EXPECT_EQ(14, c[2]);
	EXPECT_EQ(0, munmap(c, b.bytes));
}

TEST_F(bo, freed_memory_comes_back_zero)
{
	for (int round = 0; round < 8; round++) {
		struct lxa_bo_create b = bo_create(self->fd, self->page);
		uint8_t *p = bo_map(self->fd, &b);

		ASSERT_NE(MAP_FAILED, p);
		for (uint64_t i = 0; i < b.bytes; i++) {
			ASSERT_EQ(0, p[i]);
		}
		memset(p, 0xff, b.bytes);
		munmap(p, b.bytes);
		ASSERT_EQ(0, bo_destroy(self->fd, b.handle));
	}
}

TEST_F(bo, handles_are_per_file)
{
	int other = open(NODE, O_RDWR | O_CLOEXEC);
	struct lxa_bo_create b = bo_create(self->fd, 1);
	struct lxa_bo_info i = { .size = sizeof(i), .handle = b.handle };

	ASSERT_GE(other, 0);
	ASSERT_NE(0, b.handle);
	EXPECT_ERRNO(ENOENT, ioctl(other, LXA_IOCTL_BO_INFO, &i));
	EXPECT_ERRNO(ENOENT, bo_destroy(other, b.handle));
	errno = 0;
	EXPECT_EQ(MAP_FAILED, bo_map(other, &b));
	EXPECT_TRUE(errno == ENOENT || errno == EINVAL);
	EXPECT_EQ(0, ioctl(self->fd, LXA_IOCTL_BO_INFO, &i));
	close(other);
}

TEST_F(bo, destroy_twice)
{
	struct lxa_bo_create b = bo_create(self->fd, 1);

	EXPECT_EQ(0, bo_destroy(self->fd, b.handle));
	EXPECT_ERRNO(ENOENT, bo_destroy(self->fd, b.handle));
}

TEST_F(bo, bad_sizes)
{
	struct lxa_bo_create b = { .size = sizeof(b) };
	uint64_t max;

	EXPECT_ERRNO(EINVAL, ioctl(self->fd, LXA_IOCTL_BO_CREATE, &b));
	ASSERT_EQ(0, get_param(self->fd, LXA_PARAM_BO_BYTES_MAX, &max));
	b.bytes = max + 1;
	EXPECT_ERRNO(ENOSPC, ioctl(self->fd, LXA_IOCTL_BO_CREATE, &b));
	b.bytes = UINT64_MAX;
	EXPECT_ERRNO(ENOSPC, ioctl(self->fd, LXA_IOCTL_BO_CREATE, &b));
	b.bytes = UINT64_MAX - self->page + 2;
	EXPECT_ERRNO(ENOSPC, ioctl(self->fd, LXA_IOCTL_BO_CREATE, &b));
}

/* The limit holds for the sum, and what is destroyed counts no more. */
TEST_F(bo, limit_of_the_sum)
{
	struct lxa_bo_create b;
	uint64_t max;
	uint32_t handle[4];

	ASSERT_EQ(0, get_param(self->fd, LXA_PARAM_BO_BYTES_MAX, &max));
	for (int i = 0; i < 4; i++) {
		b = bo_create(self->fd, max / 4);
		if (!b.handle && errno == ENOMEM)
			SKIP(return, "not enough memory for the limit");
		ASSERT_NE(0, b.handle);
		handle[i] = b.handle;
	}
	EXPECT_EQ(0, bo_create(self->fd, max / 4).handle);
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(0, bo_destroy(self->fd, handle[0]));
	EXPECT_NE(0, bo_create(self->fd, max / 4).handle);
}

TEST_F(bo, mmap_errors)
{
	struct lxa_bo_create b = bo_create(self->fd, 2 * self->page);
	off_t off = (off_t)b.mmap_offset;

	ASSERT_NE(0, b.handle);
	errno = 0;
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 3 * self->page, PROT_READ, MAP_SHARED, self->fd, off));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_PRIVATE, self->fd, off));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd, off + 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_TRUE(errno == ENOENT || errno == EINVAL);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd, off + (off_t)(4000 * self->page)));
	EXPECT_TRUE(errno == ENOENT || errno == EINVAL);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 0, PROT_READ, MAP_SHARED, self->fd, off));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, bo_destroy(self->fd, b.handle));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd, off));
	EXPECT_TRUE(errno == ENOENT || errno == EINVAL);
}

/* A mapping outlives the handle and the descriptor, and unmapping in pieces works. */
TEST_F(bo, mapping_outlives_handle_and_file)
{
	struct lxa_bo_create b = bo_create(self->fd, 4 * self->page);
	uint8_t *p = bo_map(self->fd, &b);

	ASSERT_NE(MAP_FAILED, p);
	p[0] = 1;
	p[3 * self->page] = 4;
	EXPECT_EQ(0, bo_destroy(self->fd, b.handle));
	EXPECT_EQ(0, munmap(p + self->page, 2 * self->page));
	close(self->fd);
	EXPECT_EQ(1, p[0]);
	EXPECT_EQ(4, p[3 * self->page]);
	EXPECT_EQ(0, munmap(p, self->page));
	EXPECT_EQ(4, p[3 * self->page]);
	EXPECT_EQ(0, munmap(p + 3 * self->page, self->page));
	self->fd = open(NODE, O_RDWR | O_CLOEXEC);
	EXPECT_GE(self->fd, 0);
}

TEST_F(bo, read_only_file)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	struct lxa_bo_create b;
	void *p;

	ASSERT_GE(fd, 0);
	b = bo_create(fd, self->page);
	ASSERT_NE(0, b.handle);
	errno = 0;
	EXPECT_EQ(MAP_FAILED, bo_map(fd, &b));
	EXPECT_EQ(EACCES, errno);
	p = mmap(NULL, b.bytes, PROT_READ, MAP_SHARED, fd, (off_t)b.mmap_offset);
	EXPECT_NE(MAP_FAILED, p);
	munmap(p, b.bytes);
	close(fd);
}

TEST_F(bo, prep_and_fini_when_idle)
{
	struct lxa_bo_create b = bo_create(self->fd, 1);
	struct lxa_bo_fini f = { .size = sizeof(f), .handle = b.handle };

	EXPECT_EQ(0, bo_prep(self->fd, b.handle, LXA_PREP_READ, 0));
	EXPECT_EQ(0, bo_prep(self->fd, b.handle, LXA_PREP_READ | LXA_PREP_WRITE, now_ns() + SECOND));
	EXPECT_EQ(0, bo_prep(self->fd, b.handle, LXA_PREP_WRITE, 1));	/* long past, but there is nothing to wait for */
	EXPECT_EQ(0, ioctl(self->fd, LXA_IOCTL_BO_FINI, &f));
	EXPECT_ERRNO(EINVAL, bo_prep(self->fd, b.handle, 0, 0));
	EXPECT_ERRNO(EINVAL, bo_prep(self->fd, b.handle, LXA_PREP_READ, -1));
}

TEST_F(bo, many)
{
	uint32_t handle[300];

	for (int i = 0; i < 300; i++) {
		handle[i] = bo_create(self->fd, 1).handle;
		ASSERT_NE(0, handle[i]);
		for (int k = 0; k < i; k++) {
			ASSERT_NE(handle[i], handle[k]);
		}
	}
	for (int i = 0; i < 300; i += 2) {
		EXPECT_EQ(0, bo_destroy(self->fd, handle[i]));
	}
	/* the others go with the file */
}

LXA_TEST_MAIN
