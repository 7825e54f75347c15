/**
 * How many cases a property test tries. The suite runs a modest number; FUZZ_RUNS asks for a deep run of the
 * same tests.
 */
export const fuzzRuns = (usual: number): number => Number(process.env.FUZZ_RUNS ?? usual)
