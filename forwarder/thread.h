/* SPDX-License-Identifier: BSD-2-Clause
 *
 * thread.h - how the program's threads begin and wait, in one way for all. */
#ifndef FORWARDER_THREAD_H
#define FORWARDER_THREAD_H

#include <pthread.h>

/* Starts a thread that takes no signals: those are the main thread's alone, and
 * no other has its calls interrupted.  0 or an errno. */
int thread_start(pthread_t *, void *(*run)(void *arg), void *arg);

/* A condition whose time limits are of the monotonic clock (clock_timespec()). */
void thread_condition(pthread_cond_t *);

#endif
