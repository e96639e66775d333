#ifndef COPPICE_CZMQ_H
#define COPPICE_CZMQ_H

// Where Debian's libzmq3-dev is not installed, scripts/setup puts the header there.
#if __has_include("../../../.deps/libzmq/include/zmq.h")
#include "../../../.deps/libzmq/include/zmq.h"
#else
#include <zmq.h>
#endif

/// libzmq's "the receiver of this routing id is not connected" (EHOSTUNREACH), "would block" and "interrupted", as its
/// zmq_errno() reports them.
int coppice_zmq_is_unreachable(int error);
int coppice_zmq_would_block(int error);

#endif
