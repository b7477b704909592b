"""One training iteration as a program: XLA and Warp build it while the run's first state is made."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax

from gpugym_jax.loops import compile_for
from gpugym_jax.ppo.learn import Learner
from gpugym_jax.runs.stages import stage
from gpugym_jax.types import Physics

Iterate = Callable[[Any], tuple[Any, Any]]
Wait = Callable[[], Iterate]


def _within(name: str, seconds: dict[str, float], f: Callable[[], Any]) -> Any:
    with stage(name, seconds):
        return f()


def begin_compile(physics: Physics, learner: Learner, seconds: dict[str, float]) -> Wait:
    """Ready the physics and compile an iteration in the background. The result waits for both.

    The training state is known by its shapes alone. On a live physics the iteration stays as it is. `seconds`
    gets what each stage took, of which "kernels" and "compile" run beside all that comes after.
    """
    workers = ThreadPoolExecutor(2, thread_name_prefix="compile")
    kernels = workers.submit(_within, "kernels", seconds, physics.ready)
    iterate = compile_for(physics, learner.iterate, donate_argnums=0)
    lowered = None
    if physics.traceable:
        with stage("trace", seconds):
            state = jax.eval_shape(learner.init, jax.random.key(0))
            lowered = iterate.lower(state)  # type: ignore[attr-defined]  # a `jax.jit` where traceable
    program: Future[Iterate] | None = lowered and workers.submit(_within, "compile", seconds, lowered.compile)
    workers.shutdown(wait=False)

    def wait() -> Iterate:
        kernels.result()
        return program.result() if program else iterate

    return wait
