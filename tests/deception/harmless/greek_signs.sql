select 1 -- Δt = 5 μs, λ ≈ 0.3, π
