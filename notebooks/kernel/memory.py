"""How much memory a kernel and all that it starts take."""

import threading

import psutil


class Memory(threading.Thread):
    """Samples the resident memory of a process and all below it. Shared pages count for each: an upper bound."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.kernel, self.peak, self.seen, self.over = psutil.Process(pid), 0, set(), threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.1):
            total = 0
            try:
                tree = [self.kernel, *self.kernel.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.seen.update(tree)
            for process in tree:
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    pass
            self.peak = max(self.peak, total)

    def stop(self):
        """Ends the sampling, and whatever outlived the kernel."""
        self.over.set()
        self.join()
        alive = [process for process in self.seen if process.is_running()]
        for process in alive:
            process.terminate()
        for process in psutil.wait_procs(alive, timeout=3)[1]:
            process.kill()
