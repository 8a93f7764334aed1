"""Runners: where shards are done. In: tasks. Out: their reports, in order. Never: what a shard is.

local   children of this process
spark   a Spark cluster, or this machine: what `spark-submit` or the configuration says, `local[workers]` otherwise
ray     a Ray cluster that RAY_ADDRESS names, or this machine

Each starts the same supervised child. Where the machine of a child is lost, Spark and Ray give its shard to another.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from archiver.batch.supervisor import Supervisor, supervise
from archiver.errors import BadInput

RETRIES = 4  # of a shard whose machine, or engine's worker, is lost

Runner = Callable[[Sequence[str], int], Iterator[str]]


def local(tasks: Sequence[str], workers: int) -> Iterator[str]:
    """Do the tasks in children of this process, so many at once."""
    supervisors = [Supervisor() for _ in tasks]
    pool = ThreadPoolExecutor(workers, thread_name_prefix="shard")
    try:
        yield from pool.map(Supervisor.done, supervisors, tasks)
    finally:
        for one in supervisors:
            one.stop()
        pool.shutdown(cancel_futures=True)


def spark(tasks: Sequence[str], workers: int) -> Iterator[str]:
    """Do the tasks on Spark; the reports come when all are done. Raises BadInput where PySpark or Java is missing."""
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise BadInput("--runner spark", "needs Java 17 or newer, for instance Debian's default-jre-headless")
    try:
        from pyspark import SparkConf, SparkContext
    except ImportError as error:
        raise BadInput("--runner spark", "needs PySpark: `pip install newsvault[spark]`") from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf()
    if not conf.contains("spark.master"):
        conf.setMaster(f"local[{workers},{RETRIES}]").set("spark.ui.enabled", "false")
    context = SparkContext.getOrCreate(conf.setAppName("newsvault"))
    context.setLogLevel("ERROR")
    try:
        yield from context.parallelize(tasks, len(tasks)).map(supervise).collect() if tasks else ()
    finally:
        context.stop()


def ray(tasks: Sequence[str], workers: int) -> Iterator[str]:
    """Do the tasks on Ray. Raises BadInput where Ray is missing."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would call home
    try:
        import ray as engine
    except ImportError as error:
        raise BadInput("--runner ray", "needs Ray: `pip install newsvault[ray]`") from error
    given: dict[str, Any] = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": workers, "include_dashboard": False}
    engine.init(log_to_driver=False, **given)
    try:
        do: Any = engine.remote(num_cpus=1, max_retries=RETRIES)(supervise)
        for report in [do.remote(task) for task in tasks]:
            yield engine.get(report)
    finally:
        engine.shutdown()


RUNNERS: dict[str, Runner] = {"local": local, "spark": spark, "ray": ray}
