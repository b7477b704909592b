"""Parameter structs of gymapi. Defaults are documented ones, or guesses: set what you rely on."""

from typing import Any

from ._enums import ContactCollection, MeshNormalMode, UpAxis
from ._structs import params
from ._types import Mat33, Transform, Vec3


@params
class PhysXParams:
    use_gpu: bool = True
    num_threads: int = 4
    num_subscenes: int = 0
    solver_type: int = 1
    num_position_iterations: int = 4
    num_velocity_iterations: int = 1
    contact_offset: float = 0.02
    rest_offset: float = 0.01
    bounce_threshold_velocity: float = 0.2
    max_depenetration_velocity: float = 100.0
    friction_offset_threshold: float = 0.04
    friction_correlation_distance: float = 0.025
    default_buffer_size_multiplier: float = 1.0
    max_gpu_contact_pairs: int = 1024 * 1024
    contact_collection: Any = ContactCollection.CC_ALL_SUBSTEPS
    always_use_articulations: bool = False


@params
class FlexParams:
    """Accepted, and without effect: the double simulates what is set up for PhysX."""

    solver_type: int = 5
    num_outer_iterations: int = 4
    num_inner_iterations: int = 20
    relaxation: float = 0.75
    warm_start: float = 0.4
    shape_collision_distance: float = 0.0
    shape_collision_margin: float = 0.0
    contact_regularization: float = 1e-6
    deterministic_mode: bool = False


@params
class SimParams:
    dt: float = 1.0 / 60.0
    substeps: int = 2
    up_axis: Any = UpAxis.UP_AXIS_Y
    gravity: Vec3 = Vec3(0.0, -9.8, 0.0)
    use_gpu_pipeline: bool = False
    num_client_threads: int = 0
    enable_actor_creation_warning: bool = True
    stress_visualization: bool = False
    stress_visualization_min: float = 0.0
    stress_visualization_max: float = 1e5
    physx: PhysXParams = PhysXParams()
    flex: FlexParams = FlexParams()


@params
class VhacdParams:
    resolution: int = 100000
    max_convex_hulls: int = 64
    max_num_vertices_per_ch: int = 64
    concavity: float = 0.0025
    alpha: float = 0.05
    beta: float = 0.05


@params
class AssetOptions:
    angular_damping: float = 0.5
    linear_damping: float = 0.0
    max_angular_velocity: float = 64.0
    max_linear_velocity: float = 1000.0
    armature: float = 0.0
    use_physx_armature: bool = True
    collapse_fixed_joints: bool = False
    convex_decomposition_from_submeshes: bool = False
    default_dof_drive_mode: int = 0
    density: float = 1000.0
    disable_gravity: bool = False
    enable_gyroscopic_forces: bool = True
    fix_base_link: bool = False
    flip_visual_attachments: bool = True
    mesh_normal_mode: Any = MeshNormalMode.FROM_ASSET
    min_particle_mass: float = 1e-12
    override_com: bool = False
    override_inertia: bool = False
    replace_cylinder_with_capsule: bool = False
    slices_per_cylinder: int = 20
    tendon_limit_stiffness: float = 1.0
    thickness: float = 0.02
    use_mesh_materials: bool = False
    vhacd_enabled: bool = False
    vhacd_params: VhacdParams = VhacdParams()


@params
class PlaneParams:
    normal: Vec3 = Vec3(0.0, 1.0, 0.0)
    distance: float = 0.0
    static_friction: float = 1.0
    dynamic_friction: float = 1.0
    restitution: float = 0.0
    segmentation_id: int = 0


@params
class HeightFieldParams:
    nbRows: int = 0
    nbColumns: int = 0
    row_scale: float = 1.0
    column_scale: float = 1.0
    vertical_scale: float = 1.0
    transform: Transform = Transform()
    static_friction: float = 1.0
    dynamic_friction: float = 1.0
    restitution: float = 0.0
    segmentation_id: int = 0


@params
class TriangleMeshParams:
    nb_vertices: int = 0
    nb_triangles: int = 0
    transform: Transform = Transform()
    static_friction: float = 1.0
    dynamic_friction: float = 1.0
    restitution: float = 0.0
    segmentation_id: int = 0


@params
class RigidShapeProperties:
    friction: float = 1.0
    rolling_friction: float = 0.0
    torsion_friction: float = 0.0
    restitution: float = 0.0
    compliance: float = 0.0
    thickness: float = 0.0
    contact_offset: float = 0.02
    rest_offset: float = 0.0
    filter: int = 0


@params
class RigidBodyProperties:
    mass: float = 0.0
    invMass: float = 0.0
    com: Vec3 = Vec3()
    inertia: Mat33 = Mat33()
    invInertia: Mat33 = Mat33()
    flags: int = 0


@params
class ForceSensorProperties:
    enable_forward_dynamics_forces: bool = True
    enable_constraint_solver_forces: bool = True
    use_world_frame: bool = False


@params
class CameraProperties:
    width: int = 1600
    height: int = 900
    horizontal_fov: float = 90.0
    near_plane: float = 0.01
    far_plane: float = 1e4
    supersampling_horizontal: int = 1
    supersampling_vertical: int = 1
    enable_tensors: bool = False
    use_collision_geometry: bool = False
