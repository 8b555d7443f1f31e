/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Interrupts. A line's thread calls the hard handler while the level is high, then the threaded part. */
#ifndef SHIM_LINUX_INTERRUPT_H
#define SHIM_LINUX_INTERRUPT_H

#include <linux/types.h>

typedef enum { IRQ_NONE = 0, IRQ_HANDLED = 1, IRQ_WAKE_THREAD = 2 } irqreturn_t;
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev_id);
#define IRQF_SHARED 0x80
#define IRQF_ONESHOT 0x2000
#define IRQ_RETVAL(x) ((x) ? IRQ_HANDLED : IRQ_NONE)

int __must_check request_threaded_irq(unsigned int irq, irq_handler_t hard, irq_handler_t thread, unsigned long flags,
				      const char *name, void *dev_id);
const void *free_irq(unsigned int irq, void *dev_id);
void synchronize_irq(unsigned int irq);
void disable_irq(unsigned int irq);
void disable_irq_nosync(unsigned int irq);	/* from the handler itself */
void enable_irq(unsigned int irq);
static inline int __must_check request_irq(unsigned int irq, irq_handler_t hard, unsigned long flags, const char *name,
					   void *dev_id)
{
	return request_threaded_irq(irq, hard, NULL, flags, name, dev_id);
}

#endif
