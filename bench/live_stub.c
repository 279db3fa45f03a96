/* SPDX-License-Identifier: Apache-2.0 */
/* live_stub.c - the one block that the stand-in for the table of live blocks remembers. */
#include "live_stub.h"

__thread struct mt_live_block live_stub_last;
