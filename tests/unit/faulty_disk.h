/* SPDX-License-Identifier: BSD-2-Clause
 *
 * faulty_disk.h - a disk below SQLite that fails when told, and that can lose
 * its power.  faulty_disk_install() makes it the one that SQLite uses.
 *
 * Beside each file lies NAME.durable: what would be left without power.  Bytes
 * get there by a sync that succeeds.  A sync that fails forgets them, as Linux
 * does: the next one succeeds without having written them. */
#ifndef TESTS_UNIT_FAULTY_DISK_H
#define TESTS_UNIT_FAULTY_DISK_H

enum faulty_call { FAULTY_NONE, FAULTY_READ, FAULTY_WRITE, FAULTY_SYNC, FAULTY_TRUNCATE, FAULTY_OPEN, FAULTY_CALLS };

void faulty_disk_install(void);
/* Calls of a kind since the last faulty_disk_set(). */
unsigned long faulty_disk_count(enum faulty_call);
/* From the nth call of that kind on, 'width' of them fail with 'code' (an
 * SQLite result); half of a write's bytes are written first. */
void faulty_disk_set(enum faulty_call, unsigned long nth, unsigned long width, int code);
/* True when all that were asked for have failed. */
int faulty_disk_is_over(void);
/* Copies what is durable of the database file 'from' to 'to'. */
void faulty_disk_power_cut(const char *from, const char *to);

#endif
