"""Tests of the kernel below a front end that knows nothing of the lab but where its kernelspec lies."""

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

FRONT_END = """
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(600, kernel_name="gonb")
cells = 'import (\\n\\t"fmt"\\n\\t"github.com/wflowlab/wflowlab/toy"\\n)', '%%\\nfmt.Println(toy.Rings().Sample(1, 3).Dims())'
for cell in cells:
    client.execute_interactive(cell, timeout=600)
client.stop_channels()
manager.shutdown_kernel()
"""


class FrontEnd(unittest.TestCase):
    def test_another_environment(self):
        environment = {
            "PATH": f"{Path(shutil.which('go')).parent}:/usr/bin:/bin",
            "HOME": os.environ["HOME"],
            "JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter")),
        }
        command = [sys.executable, "-c", FRONT_END]
        done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
        self.assertEqual((done.stdout, done.returncode), ("3 2\n", 0), done.stderr)


if __name__ == "__main__":
    unittest.main()
