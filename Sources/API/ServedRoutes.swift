public import HTTP
import Warehouse

/// Everything that `serve` answers.
public enum ServedRoutes {
    /// What is asked for health alone.
    public static func health() -> Router<Readiness> {
        var router = Router<Readiness>()
        HealthRoutes().register(on: &router) { try $0.verify() }
        return router
    }

    public static func router(crossOrigin: CrossOrigin) -> Router<Database> {
        var router = Router<Database>(crossOrigin: crossOrigin) { $1.request = $0.id }
        GafRoutes().register(on: &router)
        HealthRoutes().register(on: &router) { try $0.read(within: Readiness.limit, Schema.verify) }
        MetricsRoutes().register(on: &router)
        OpenAPI.register(on: &router)
        return router
    }
}
