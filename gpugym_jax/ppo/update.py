"""Learning: one rollout in, better networks out. One compiled function on every physics."""

from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Key

from gpugym_jax.config import Ppo
from gpugym_jax.ppo import losses as formula
from gpugym_jax.ppo.networks import Networks
from gpugym_jax.ppo.normalizer import merge_all, normalize
from gpugym_jax.ppo.shards import Axis, mean_over
from gpugym_jax.ppo.state import Batch, Losses, OptState, Params, PolicyState, Rollout

LEARNING_RATE_FACTOR = 1.5
"""By which the learning rate follows the KL divergence (rsl_rl 1.0.2, `PPO.update`)."""


@runtime_checkable
class Prepare(Protocol):
    """Values, advantages and returns of a rollout, in units without order."""

    def __call__(self, policy: PolicyState, rollout: Rollout) -> Batch:
        """By the policy that acted."""
        ...


@runtime_checkable
class Objective(Protocol):
    """What is descended: PPO eq. 9 as a cost, actor and critic in one backward pass."""

    def __call__(self, params: Params, old_std: Array, batch: Batch) -> tuple[Float[Array, ""], Losses]:
        """Of a minibatch; `old_std` is that of the policy that acted."""
        ...


@runtime_checkable
class Descend(Protocol):
    """Epochs of minibatches, a new order in each epoch."""

    def __call__(
        self, params: Params, opt: OptState, old_std: Array, batch: Batch, key: Key[Array, ""]
    ) -> tuple[Params, OptState, Losses]:
        """From the parameters that acted to better ones."""
        ...


@runtime_checkable
class Update(Protocol):
    """The policy after one iteration, and numbers about it."""

    def __call__(
        self, policy: PolicyState, opt: OptState, rollout: Rollout, key: Key[Array, ""]
    ) -> tuple[PolicyState, OptState, dict[str, Float[Array, ""]]]:
        """From the policy that acted, and what it met."""
        ...


ADAM: Any = optax.scale_by_adam()  # `Any`: optax's types of a tree have no room for our dataclasses
"""Kingma and Ba 2015, with optax's constants: the direction. The learning rate is applied outside."""


def clipped(cfg: Ppo, grads: Params) -> Params:
    """Gradients of a norm of at most `max_grad_norm`.

    Of all together as in rsl_rl 1.0.2, or of the actor (with its std) and the critic each, as in newer ones.
    """
    whole = optax.clip_by_global_norm(cfg.max_grad_norm)

    def clip(tree: Any) -> Any:
        return whole.update(tree, optax.EmptyState())[0]

    if not cfg.clip_apart:
        return clip(grads)
    actor, std = clip((grads.actor, grads.std))
    return Params(actor, clip(grads.critic), std)


def start_optimizer(cfg: Ppo, params: Params) -> OptState:
    """The memory before the first gradient."""
    return OptState(ADAM.init(params), jnp.asarray(cfg.learning_rate, jnp.float32))


def adapted(cfg: Ppo, learning_rate: Float[Array, ""], kl: Float[Array, ""]) -> Float[Array, ""]:
    """Lower where the policy moved more than twice as far as desired, higher where less than half."""
    if cfg.desired_kl is None:
        return learning_rate
    lower = jnp.maximum(learning_rate / LEARNING_RATE_FACTOR, cfg.min_learning_rate)
    higher = jnp.minimum(learning_rate * LEARNING_RATE_FACTOR, cfg.max_learning_rate)
    kept = jnp.where(kl < cfg.desired_kl / 2, higher, learning_rate)
    return jnp.where(kl > cfg.desired_kl * 2, lower, kept)


def unit_axis(cfg: Ppo) -> int:
    """The axis along which a `Batch` may be put in any order: its rows, or its robots after the time."""
    return 1 if cfg.memory else 0


def make_prepare(
    cfg: Ppo, networks: Networks, discount: float, gae_lambda: float, axis: Axis = None
) -> Prepare:
    """Advantages by `discount` and `gae_lambda`, both a control step."""

    def prepare(policy: PolicyState, rollout: Rollout) -> Batch:
        steps, last_obs = rollout.steps, normalize(policy.normalizer, rollout.last_obs)
        obs = normalize(policy.normalizer, steps.obs)
        ends = (steps.terminated, steps.timed_out)
        ended = ends[0] | ends[1]
        *_, value = networks.replay(policy.params, rollout.memory, obs, ended)
        *_, last_value = networks.step(policy.params, rollout.last_memory, last_obs)
        next_value = formula.bootstrap_values(value, last_value, steps.final_value, ended)
        advantage = formula.advantages(steps.reward, value, next_value, *ends, discount, gae_lambda)
        log_prob = formula.log_prob(steps.mean, policy.params.std, steps.action)
        returns = advantage + value
        if cfg.normalize_advantage:
            advantage = formula.normalized(advantage, axis)
        memory = jax.tree.map(lambda x: x[None], rollout.memory)
        batch = Batch(obs, ended, steps.action, steps.mean, log_prob, value, advantage, returns, memory)
        return batch if cfg.memory else jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), batch)

    return prepare


def make_objective(cfg: Ppo, networks: Networks) -> Objective:
    """The clipped objective with `cfg`'s weights."""

    def objective(params: Params, old_std: Array, batch: Batch) -> tuple[Float[Array, ""], Losses]:
        memory = jax.tree.map(lambda x: x[0], batch.memory)
        mean, std, value = networks.replay(params, memory, batch.obs, batch.ended)
        log_prob = formula.log_prob(mean, std, batch.action)
        surrogate = formula.surrogate_loss(log_prob, batch.log_prob, batch.advantage, cfg.clip)
        value_clip = cfg.clip if cfg.value_clip else None
        value_loss = formula.value_loss(value, batch.value, batch.returns, value_clip)
        entropy = formula.entropy(std)
        kl = jnp.mean(formula.kl_divergence(batch.mean, old_std, mean, std))
        loss = surrogate + cfg.value_coef * value_loss - cfg.entropy_coef * entropy
        return loss, Losses(surrogate, value_loss, entropy, kl)

    return objective


def make_descend(cfg: Ppo, networks: Networks, axis: Axis = None) -> Descend:
    """Gradient descent by Adam. Each shard orders its own units; all take the same step.

    Units that are left over after equal minibatches sit out an epoch, others in each (rsl_rl drops them too).
    """
    along = unit_axis(cfg)
    gradient = jax.grad(make_objective(cfg, networks), has_aux=True)

    def descend(
        params: Params, opt: OptState, old_std: Array, batch: Batch, key: Key[Array, ""]
    ) -> tuple[Params, OptState, Losses]:
        units = batch.value.shape[along]

        def one(
            carry: tuple[Params, OptState], x: tuple[Batch, Bool[Array, ""]]
        ) -> tuple[tuple[Params, OptState], Losses]:
            (params, opt), (part, adapts) = carry, x
            grads, losses = mean_over(axis, gradient(params, old_std, part))
            learning_rate = jnp.where(adapts, adapted(cfg, opt.learning_rate, losses.kl), opt.learning_rate)
            direction, adam = ADAM.update(clipped(cfg, grads), opt.adam)
            params = jax.tree.map(lambda p, d: p - learning_rate * d, params, direction)
            params = networks.project(params)
            return (params, OptState(adam, learning_rate)), losses

        def epoch(
            carry: tuple[Params, OptState], x: tuple[Key[Array, ""], Bool[Array, " minibatch"]]
        ) -> tuple[Any, Losses]:
            key, adapts = x
            order = jax.random.permutation(key, units)[: units - units % cfg.minibatches]
            order = order.reshape(cfg.minibatches, -1)
            # All units are gathered at once: one large kernel an array instead of one a minibatch.
            parts = jax.tree.map(
                lambda x: jnp.moveaxis(x[(slice(None),) * along + (order,)], along, 0), batch
            )
            return jax.lax.scan(one, carry, (parts, adapts))

        shape = (cfg.epochs, cfg.minibatches)
        adapts = jnp.full(shape, True).at[:1, :1].set(cfg.adapt_at_first)
        carry, losses = jax.lax.scan(epoch, (params, opt), (jax.random.split(key, cfg.epochs), adapts))
        return *carry, losses

    return descend


def make_update(
    cfg: Ppo, networks: Networks, discount: float, gae_lambda: float, axis: Axis = None
) -> Update:
    """Prepare, descend, and then see.

    The normaliser's statistics move last, so that a rollout and the gradients taken from it share theirs.
    """
    prepare = make_prepare(cfg, networks, discount, gae_lambda, axis)
    descend = make_descend(cfg, networks, axis)

    def update(
        policy: PolicyState, opt: OptState, rollout: Rollout, key: Key[Array, ""]
    ) -> tuple[PolicyState, OptState, dict[str, Float[Array, ""]]]:
        batch = prepare(policy, rollout)
        params, opt, losses = descend(policy.params, opt, policy.params.std, batch, key)
        normalizer = merge_all(policy.normalizer, rollout.steps.obs, axis)
        numbers = {
            "loss/surrogate": jnp.mean(losses.surrogate),
            "loss/value": jnp.mean(losses.value),
            "loss/entropy": jnp.mean(losses.entropy),
            "loss/kl": jnp.mean(losses.kl),
            "policy/learning_rate": opt.learning_rate,
            "policy/std": jnp.mean(params.std),
            "policy/value": mean_over(axis, jnp.mean(batch.value)),
        }
        return PolicyState(params, normalizer), opt, numbers

    return update
