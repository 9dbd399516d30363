/* SPDX-License-Identifier: MIT */
#ifndef DEMO_CONVERT_H
#define DEMO_CONVERT_H

/*
 * What the child process does, a converter of pictures: makes one, and blurs
 * it until that has taken `work_ms` of processor time.  Returns its exit code.
 */
int convert(int work_ms);

#endif
