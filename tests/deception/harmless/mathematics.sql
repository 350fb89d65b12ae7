select 1 -- ∑ x ∈ ℝ, ∀ y ≤ ∞, α₁ → β
