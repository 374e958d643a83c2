import Jobs
import Postgres
import Runtime
import TestSupport
import Testing
import Warehouse

@Suite("Calculate, many at once")
struct CalculateConcurrencyTests {
    @Test("four jobs on 50 products draw every (product, last sample) once")
    func fourAtOnce() throws {
        let fixture = try CalculateFixture()
        let products = (0..<50).map { "P\($0)" }
        try fixture.addProducts(products)
        try fixture.auditDrawings()
        for _ in 0..<3 {
            let job = fixture.job(.once, threads: 2)
            let workers = (0..<4).map { _ in Background { try job.run() } }
            #expect(try workers.map { try $0.value().drawn }.reduce(0, +) == 50)
            #expect(try fixture.undrawn() == [])
            try fixture.appendSample(to: products)
        }
        let (distinct, repeated) = try fixture.drawings()
        #expect(distinct == 150 && repeated == 0)
        #expect(try fixture.lingeringLocks() == 0)
    }

    @Test("while samples keep coming, none is drawn twice and the last is not missed")
    func movingTarget() throws {
        let fixture = try CalculateFixture()
        let products = (0..<8).map { "P\($0)" }
        try fixture.addProducts(products)
        try fixture.connection.execute("UPDATE crypto_gaf.gafs SET redraw_interval = '0'")
        try fixture.auditDrawings()
        let stop = Stop()
        let job = fixture.job(.repeating(every: .milliseconds(10), for: .seconds(60)), threads: 2, stop: stop)
        let workers = (0..<3).map { _ in Background { try job.run() } }
        for _ in 0..<40 {
            try fixture.appendSample(to: products)
            _ = Stop().sleep(for: .milliseconds(25))
        }
        #expect(try eventually(within: .seconds(30)) { try fixture.undrawn() == [] })
        stop.request()
        for worker in workers { #expect(try worker.value().failed.isEmpty) }
        let (distinct, repeated) = try fixture.drawings()
        #expect(distinct > 8 && repeated == 0)
    }

    @Test("with --once, a product that somebody else is drawing is waited for")
    func waitsForOthers() throws {
        let fixture = try CalculateFixture()
        try fixture.addProducts(["HELD", "FREE"])
        let holder = try Connection(fixture.options)
        #expect(try AdvisoryLock(.calculate, "HELD").tryAcquire(on: holder))
        let impatient = try fixture.job(.once, patience: .milliseconds(300)).run()
        #expect(impatient.drawn == 1)
        #expect(impatient.failed == ["HELD"])
        let job = fixture.job(.once)
        let patient = Background { try job.run() }
        _ = Stop().sleep(for: .milliseconds(200))
        try AdvisoryLock(.calculate, "HELD").release(on: holder)
        #expect(try patient.value().drawn == 1)
        #expect(try fixture.undrawn() == [])
    }
}
