#ifndef COPPICE_CZMQ_H
#define COPPICE_CZMQ_H

#include <zmq.h>

/// libzmq's "the receiver of this routing id is not connected" (EHOSTUNREACH), "would block" and "interrupted", as its
/// zmq_errno() reports them.
int coppice_zmq_is_unreachable(int error);
int coppice_zmq_would_block(int error);

#endif
