"""What the learner carries and collects: data only. `time` counts the control steps of a rollout."""

from typing import Any

import optax
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from gpugym_jax.types import EnvState, Obs


class RunningStats(struct.PyTreeNode):
    """Mean and variance of all observations of one group seen so far."""

    count: Float[Array, ""]  # observations seen; a float, so that it cannot wrap around
    mean: Float[Array, " size"]
    var: Float[Array, " size"]  # of the population


class Params(struct.PyTreeNode):
    """All that is learned by gradient descent. Actor and critic are Flax's own nested dictionaries."""

    actor: Any
    critic: Any
    std: Float[Array, " act"]  # of the Gaussian policy, itself and not its logarithm


class Memory(struct.PyTreeNode):
    """What actor and critic remember of the episode under way; empty tuples where there is no memory."""

    actor: Any
    critic: Any


class PolicyState(struct.PyTreeNode):
    """What it takes to act: weights, and how observations are normalised before they meet them."""

    params: Params
    normalizer: dict[str, RunningStats]  # by observation group; empty: no normalisation


class OptState(struct.PyTreeNode):
    """The optimiser's memory. The learning rate is in it, so that a resumed run goes on with its own."""

    adam: optax.OptState
    learning_rate: Float[Array, ""]


class Episodes(struct.PyTreeNode):
    """Episodes under way, and what the last iteration in which any ended said of those.

    An episode that was under way when the run began is not counted: its end says nothing of its length.
    """

    whole: Bool[Array, " env"]  # began in this run
    running_return: Float[Array, " env"]  # undiscounted sum of rewards so far
    running_length: Float[Array, " env"]  # control steps so far
    mean_return: Float[Array, ""]
    mean_length: Float[Array, ""]  # control steps
    early_share: Float[Array, ""]  # of the ended: terminated rather than timed out


class TrainState(struct.PyTreeNode):
    """Training between two iterations, whole: from it the run goes on as if it had never stopped."""

    policy: PolicyState
    opt: OptState
    env: EnvState
    obs: Obs  # to act on next
    memory: Memory  # to act with next
    key: Key[Array, ""]
    iteration: Int[Array, ""]
    episodes: Episodes


class Tally(struct.PyTreeNode):
    """One control step over all robots, as sums and means."""

    ended: Float[Array, "*time"]  # episodes that began in this run
    early: Float[Array, "*time"]  # of those, terminated
    returns: Float[Array, "*time"]  # sum over the ended
    lengths: Float[Array, "*time"]  # sum over the ended, control steps
    metrics: dict[str, Float[Array, "*time"]]  # mean over the robots


class Transition(struct.PyTreeNode):
    """One control step of all robots, as the learner needs it."""

    obs: Obs  # acted on
    action: Float[Array, "*time env act"]
    mean: Float[Array, "*time env act"]  # of the policy that acted
    reward: Float[Array, "*time env"]
    terminated: Bool[Array, "*time env"]
    timed_out: Bool[Array, "*time env"]
    final_value: Float[Array, "*time env"]  # of the observation before any reset
    tally: Tally


class Rollout(struct.PyTreeNode):
    """Successive control steps of all robots, and what lies at either end of them."""

    memory: Memory  # before the first step
    steps: Transition
    last_memory: Memory  # after the last step
    last_obs: Obs


class Batch(struct.PyTreeNode):
    """A rollout in units without order.

    A `*unit` is one `row`, a control step of a robot; where there is a memory it is `time robot`.
    """

    obs: Obs  # normalised
    ended: Bool[Array, "*unit"]  # the episode, with this step
    action: Float[Array, "*unit act"]
    mean: Float[Array, "*unit act"]  # of the policy that acted
    log_prob: Float[Array, "*unit"]  # under the policy that acted
    value: Float[Array, "*unit"]  # of the critic before the update
    advantage: Float[Array, "*unit"]
    returns: Float[Array, "*unit"]  # what the value should have been
    memory: Memory  # before the first step; leaves `(1, robot, ...)`


class Losses(struct.PyTreeNode):
    """What one gradient step saw."""

    surrogate: Float[Array, "*step"]
    value: Float[Array, "*step"]
    entropy: Float[Array, "*step"]
    kl: Float[Array, "*step"]  # from the policy that acted to the one before this step
