import { MemoryCache } from "../../src/cache/memory-cache.ts";
import { cacheContract } from "../support/contract/cache.ts";

cacheContract("of one process", async () => ({ cache: new MemoryCache(), remove: async () => {} }));
