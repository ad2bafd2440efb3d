"""What kernels say while no page listens: Jupyter keeps all of it, without end. Here the newest is kept."""

import collections

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

BYTES = 20_000_000  # of the messages of one kernel


def size(message):
    return sum(map(len, message[1]))


class Newest(collections.deque):
    """Messages, each a channel and its parts, in the order they came."""

    bytes = 0

    def append(self, message):
        super().append(message)
        self.bytes += size(message)
        while self.bytes > BYTES:
            self.bytes -= size(self.popleft())


class KernelManager(AsyncMappingKernelManager):
    def start_buffering(self, kernel_id, session_key, channels):
        super().start_buffering(kernel_id, session_key, channels)
        self._kernel_buffers[kernel_id]["buffer"] = Newest()
