"""Holds the first process that has committed some samples of a shard, and not all, until it is killed.

Python imports this file at its start where its folder is in PYTHONPATH, so worker processes do too. Who is held writes
its number and the shard's name to the file that HELD_MARK names; if that is there, nobody is held any more.
"""

import importlib.abc
import importlib.machinery
import os
import sys
import time

MODULE = "handgen.synthesis.write"


def hold(shard):
    """Wait for the end, if nobody did before."""
    mark = os.environ["HELD_MARK"]
    try:
        os.close(os.open(mark + ".taken", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    with open(mark + ".part", "w") as file:  # noqa: PTH123 - before anything else is imported
        file.write(f"{os.getpid()} {shard.name}")
    os.rename(mark + ".part", mark)  # noqa: PTH104
    time.sleep(3600)


class Loader(importlib.machinery.SourceFileLoader):
    """Lets shards be written in small steps, and holds after the first."""

    def exec_module(self, module):
        super().exec_module(module)
        from handgen.formats import lmdb

        module._WRITE = lmdb._PER_COMMIT = 100
        write_shard = module.write_shard

        def held(prepared, shard, progress, **how):
            def show(number, done):
                progress(number, done)
                if 0 < done < shard.stop - shard.start:
                    hold(shard)

            write_shard(prepared, shard, show, **how)

        module.write_shard = held


class Finder(importlib.abc.MetaPathFinder):
    """Finds the module that writes shards."""

    def find_spec(self, name, path, target=None):
        if name != MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


sys.meta_path.insert(0, Finder())
