public import HTTP

/// Everything that `serve` answers.
public enum ServedRoutes {
    public static func router(crossOrigin: CrossOrigin) -> Router<Database> {
        var router = Router<Database>(crossOrigin: crossOrigin)
        GafRoutes().register(on: &router)
        HealthRoutes().register(on: &router)
        MetricsRoutes().register(on: &router)
        OpenAPI.register(on: &router)
        return router
    }
}
