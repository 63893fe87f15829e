"""Perceptron, logistic regression and MLP, built from numbers that remember how they were made."""
