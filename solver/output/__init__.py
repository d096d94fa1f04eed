"""What a run writes; knows neither FEniCS nor biology."""
