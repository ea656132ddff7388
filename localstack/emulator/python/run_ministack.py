"""Runs MiniStack, with what its functions print copied to its own log.

MiniStack keeps that output in memory, as CloudWatch would. Whoever debugs a function, and the test that looks for
secrets in logs, wants it in a file, and wants it while the function still runs.
"""

import sys

from ministack.app import main
from ministack.core.lambda_runtime import ProvidedWorker


class Copied:
    """A stream of lines that prints each line that is read from it."""

    def __init__(self, stream, function):
        self.stream, self.prefix = stream, f"[{function}] ".encode()

    def readline(self):
        line = self.stream.readline()
        if line:
            # One write, so that lines of several functions do not mix.
            sys.stderr.buffer.write(self.prefix + line.rstrip(b"\r\n") + b"\n")
            sys.stderr.buffer.flush()
        return line

    def close(self):
        self.stream.close()


def copy_output():
    """Puts Copied in front of the pump that reads a function's output. The version of MiniStack is pinned, so a pump
    that is not there is a mistake of ours, and the attribute's absence ends the program."""
    pump = ProvidedWorker._pump_output
    ProvidedWorker._pump_output = lambda worker, stream, lines: pump(worker, Copied(stream, worker.func_name), lines)


copy_output()
main()
